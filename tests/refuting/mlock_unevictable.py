"""mlock-unevictable: one page of 2,048 that is not."""

from tests.refuting.made import Made

N, KIB = 2048, 8192
ALL = {"unevictable": N}
SAMPLES = ("before", "anon locked", "file locked", "ramfs filled")

GOOD = Made(
    counters={**{name: {"meminfo:Unevictable": 100 + step * KIB, "vmstat:pswpout": 0}
                 for step, name in enumerate(SAMPLES)},
              "plain filled": {"meminfo:Unevictable": 100 + 3 * KIB, "vmstat:pswpout": 0}},
    pages={"plain filled": {"anon": ALL, "file": ALL, "ramfs": ALL, "plain": {"resident": N}}})

CONFIRMS = {"mlock-unevictable": GOOD}
REFUTES = {"mlock-unevictable": GOOD.but(pages={"plain filled": {"file": {"unevictable": N - 1, "resident": 1}}})}
