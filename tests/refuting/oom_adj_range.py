"""Ranges of oom_adj and oom_score_adj: one value beyond that is taken, one within that is refused."""

import errno

from experiments.out_of_memory.oom_adj_range import BEYOND_NEW, BEYOND_OLD, NEW_RANGE, OLD_RANGE, WITHIN_NEW, WORDS
from harness.false_evidence.made import Made

REFUSED = errno.EINVAL
GOOD = Made(records={
    "default": 0, "after 0": 0, "after 5": 4, "oom_adj exists": 1, "oom_score_adj exists": 1, "oom_score exists": 1,
    "oom_nothing exists": 0,
    **{name: [[value, 0] for value in values]
       for name, values in (("old", OLD_RANGE), ("new", NEW_RANGE), ("within new", WITHIN_NEW))},
    **{name: [[value, REFUSED] for value in values]
       for name, values in (("beyond old", BEYOND_OLD), ("beyond new", BEYOND_NEW), ("words to old", WORDS),
                            ("words to new", WORDS))}})


def first(name: str, *row: int) -> Made:
    return GOOD.but(records={name: [[*row], *GOOD.records[name][1:]]})


CONFIRMS = dict.fromkeys(("oom-adj-range", "oom-score-adj-range", "oom-adj-scripts-still-work"), GOOD)
REFUTES = {"oom-adj-range": first("beyond old", -18, 0), "oom-score-adj-range": first("new", -1000, REFUSED),
           "oom-adj-scripts-still-work": GOOD.but(records={"oom_adj exists": 0})}
