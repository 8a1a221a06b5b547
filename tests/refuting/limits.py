"""Limits: a page past the limit, another answer, another number."""

import errno

from harness.false_evidence.made import Made, cases

NO, LARGE, SMALL = errno.ENOMEM, 16_384, 4096
LOCK, DATA, SPLITS = "rlimit-memlock-64k", "rlimit-data-counts-mmap", "max-map-count-splits"
COUNT = "max-map-count-default"


def resident(asked: int) -> Made:
    return Made(pages={case: {"memory": {"anonymous": pages, "absent": LARGE - pages}}
                       for case, pages in cases("rlimit-rss-limits", asked, SMALL, LARGE).items()})


def answered(name: str, asked: int, true: int = NO, false: int = 0) -> Made:
    return Made(outcomes=cases(name, asked, true, false))


def recorded(name: str, asked: int, true: int, false: int) -> Made:
    return Made(records=cases(name, asked, true, false))


def used_up(asked: int) -> Made:
    """A process with as many mappings as it may have, and one more."""
    return Made(records={"max-map-count-enomem.asked: mappings": 1001, **cases("max-map-count-enomem", asked, NO, 0)})


def data(mmap: int, brk: int) -> Made:
    return answered(f"{DATA}.mmap", mmap).but(outcomes=answered(f"{DATA}.brk", brk).outcomes)


def lock(limit: int, error: int) -> Made:
    own = {f"{LOCK}.limit.asked: own": 1}
    return answered(f"{LOCK}.mlock", error).but(records={**cases(f"{LOCK}.limit", limit, 64, 1024), **own})


def count(asked: int) -> Made:
    return Made(records={**cases(COUNT, asked, 65_530, 262_144), f"{COUNT}.asked: own": 1})


def splits(mprotect: int, mlock: int) -> Made:
    return Made(records={**cases(f"{SPLITS}.mprotect", mprotect, 2, 0), **cases(f"{SPLITS}.mlock", mlock, 2, 0)})


CONFIRMS = {"rlimit-rss-limits": resident(SMALL), "rlimit-as-limits-virtual": answered("rlimit-as-limits-virtual", NO),
            DATA: data(NO, NO), LOCK: lock(64, NO),
            "rlimit-memlock-root-exempt": answered("rlimit-memlock-root-exempt", 0, 0, NO),
            "max-map-count-enomem": used_up(NO),
            COUNT: count(65_530),
            "max-map-count-is-mmaps": recorded("max-map-count-is-mmaps", 99, 100, 1), SPLITS: splits(2, 2)}
REFUTES = {"rlimit-rss-limits": resident(SMALL + 1), "rlimit-as-limits-virtual": answered("rlimit-as-limits-virtual", 0),
           DATA: data(0, NO), LOCK: lock(8192, NO),
           "rlimit-memlock-root-exempt": answered("rlimit-memlock-root-exempt", NO, 0, NO),
           "max-map-count-enomem": used_up(0),
           COUNT: count(65_536),
           "max-map-count-is-mmaps": recorded("max-map-count-is-mmaps", 98, 100, 1), SPLITS: splits(2, 1)}
