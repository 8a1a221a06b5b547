"""A page is written to swap, or none; half of a stopped process is in swap, or less; an area is taken or refused."""

import errno

from harness.false_evidence.made import Made, cases

PERCENTAGE, TWICE, STOP, TMPFS, SPARSE = (
    "swappiness-is-percentage", "swap-twice-ram", "swap-stopped-first", "swap-file-on-tmpfs", "swap-file-with-holes")


def written(name: str, asked: int, true: int, false: int) -> Made:
    found: dict[str, dict[str, int]] = {}
    for at, count in cases(name, asked, true, false).items():
        found |= {f"{at}: before": {"vmstat:pswpout": 70}, at: {"vmstat:pswpout": 70 + count}}
    return Made(counters=found)


def in_swap(asked: int) -> Made:
    return Made(counters={at: {f"{at}/status:VmSwap": 4 * count} for at, count in cases(STOP, asked, 2048, 0).items()})


def refused(name: str, asked: int) -> Made:
    return Made(outcomes=cases(name, asked, 0, errno.EINVAL))


CONFIRMS = {PERCENTAGE: written(PERCENTAGE, 1, 9000, 0), TWICE: written(TWICE, 0, 0, 1500), STOP: in_swap(1024),
            TMPFS: refused(TMPFS, 0), SPARSE: refused(SPARSE, 0)}
REFUTES = {PERCENTAGE: written(PERCENTAGE, 0, 9000, 0), TWICE: written(TWICE, 1, 0, 1500), STOP: in_swap(1023),
           TMPFS: refused(TMPFS, errno.EINVAL), SPARSE: refused(SPARSE, errno.EINVAL)}
