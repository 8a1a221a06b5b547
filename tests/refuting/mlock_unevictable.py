"""mlock-unevictable: one page of 2,048 that is not; one that stayed on its list is the other way to refute it."""

from harness.false_evidence.made import Made

N, KIB = 2048, 8192
ALL = {"unevictable": N}
MOMENTS = ("anon filled", "anon locked", "file locked", "ramfs filled", "plain filled", "other freed")
LOCKED, LISTED = (0, 1, 2, 3, 3, 3), (0, -1, -2, -2, -1, -2)        # in regions, at each moment


def counters(locked: int, listed: int) -> dict[str, int]:
    return {"meminfo:Unevictable": 100 + locked * KIB, "meminfo:Active(anon)": 0, "meminfo:Active(file)": 0,
            "meminfo:Inactive(anon)": 9 * KIB + listed * KIB, "meminfo:Inactive(file)": 0, "vmstat:pswpout": 0}


GOOD = Made(
    counters={name: counters(*both) for name, *both in zip(MOMENTS, LOCKED, LISTED, strict=True)},
    pages={"plain filled": {"anon": ALL, "file": ALL, "ramfs": ALL, "plain": {"resident": N}}})

CONFIRMS = {"mlock-unevictable": GOOD}
REFUTES = {"mlock-unevictable": GOOD.but(pages={"plain filled": {"file": {"unevictable": N - 1, "resident": 1}}})}
