"""A page that is swapped beside page cache, a major fault without swap, an anonymous page that has left."""

from harness.false_evidence.made import Made, cases

NEVER, PAGED, STAYS = "swap-never-while-cache", "swap-none-nothing-paged", "swap-none-anon-stays"
PAGE, HELD, CACHE = 4096, 2048, 4096


def beside(asked: int, cache: int = CACHE) -> Made:
    found: dict[str, dict[str, int]] = {}
    for at, count in cases(NEVER, asked, 0, 8000).items():
        found |= {f"{at}: before": {"vmstat:pswpout": 9}, at: {"vmstat:pswpout": 9 + count}}
    found[f"{NEVER}.asked"][f"{NEVER}.asked/memory.stat:file"] = cache * PAGE
    return Made(counters=found)


def others(faults: int, gone: int) -> Made:
    return beside(0).but(
        outcomes={at: {"major_faults": count} for at, count in cases(PAGED, faults, 0, 128).items()},
        pages={at: {"memory": {"anonymous": HELD - count, "absent": count}} for at, count in cases(STAYS, gone, 0, 1024).items()})


CONFIRMS = {NEVER: beside(0), PAGED: others(0, 0), STAYS: others(0, 0)}
REFUTES = {NEVER: beside(1), PAGED: others(1, 1), STAYS: others(1, 1)}
