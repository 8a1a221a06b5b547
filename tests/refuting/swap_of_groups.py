"""Swap of a group: a page more than the sum, a page in swap, a kill or none."""

from harness.false_evidence.made import Made, cases

PAGE, LIMIT, WANTED, HELD = 4096, 2048, 3584, 2048
SUM, ZERO, OOMS, ONE, FULL, READ, LOWER = (
    "memcg-swapmax-is-sum", "memcg-swapmax-zero-disables", "memcg-swappiness-0-ooms", "memcg-swappiness-1-off",
    "memcg-oom-needs-full-swap", "memcg-swapin-uncharges-swap", "memcg-swapmax-lowered-swaps-in")


def written(name: str, asked: int, made: Made | None = None) -> Made:
    """So many pages of a group were written to swap; none and 3,072 in its two other cases."""
    found = dict(made.counters) if made else {}
    for at, pages in cases(name, asked, 0, 3072).items():
        found |= {f"{at}: before": {"vmstat:pswpout": 100}, at: {"vmstat:pswpout": 100 + pages}}
    return Made(counters=found)


def kills(name: str, asked: int, true: int, false: int) -> Made:
    return Made(counters={at: {f"{at}/memory.events:oom_kill": value} for at, value in cases(name, asked, true, false).items()})


def held(name: str, asked: int) -> Made:
    return Made(counters={at: {f"{at}/memory.swap.current": value * PAGE} for at, value in cases(name, asked, 0, HELD).items()})


def got(asked: int) -> Made:
    return Made(records=cases(SUM, asked, LIMIT, WANTED))


def both(anon: int, tmpfs: int) -> Made:
    return written(f"{ZERO}.tmpfs", tmpfs, written(f"{ZERO}.anon", anon))


CONFIRMS = {SUM: got(LIMIT), ZERO: both(0, 0), OOMS: kills(OOMS, 1, 1, 0), ONE: written(ONE, 0), FULL: kills(FULL, 0, 0, 1),
            READ: held(READ, HELD // 4), LOWER: held(LOWER, 512)}
REFUTES = {SUM: got(LIMIT + 1), ZERO: both(0, 1), OOMS: kills(OOMS, 0, 1, 0), ONE: written(ONE, 1), FULL: kills(FULL, 1, 0, 1),
           READ: held(READ, HELD * 3 // 4), LOWER: held(LOWER, 513)}
