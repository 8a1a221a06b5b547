"""Values of oom_adj and oom_score_adj: one value of a whole range that is answered otherwise."""

import errno

from experiments.out_of_memory.oom_adj_files import BEYOND_NEW, BEYOND_OLD, FAR, NEW_RANGE, OLD_RANGE, WORDS, to_new, to_old
from tests.refuting.made import Made

REFUSED = errno.EINVAL
OLD = [[value, 0, to_old(to_new(value))] for value in OLD_RANGE]
SAME = [[value, 0, value] for value in OLD_RANGE]

GOOD = Made(records={
    "default": 0, "after 0": 0, "after 5": 5, "oom_adj exists": 1, "oom_score_adj exists": 1, "oom_score exists": 1,
    "oom_nothing exists": 0, "old": OLD, "old beyond": [[value, REFUSED, 0] for value in BEYOND_OLD],
    "new": [[value, 0, value] for value in NEW_RANGE], "new beyond": [[value, REFUSED, 0] for value in BEYOND_NEW],
    "old to new": [[value, 0, to_new(value)] for value in OLD_RANGE],
    "new to old": [[value, 0, to_old(value)] for value in NEW_RANGE],
    "words to old": [[word, REFUSED, 0] for word in WORDS], "words to new": [[word, REFUSED, 0] for word in WORDS],
    "old, another's old": [[value, 0, 0] for value in OLD_RANGE],
    "old, another's new": [[value, 0, 0] for value in OLD_RANGE],
    "new, another's old": [[value, 0, 0] for value in NEW_RANGE[::20]],
    "far to new": [[value, 0, value] for value in BEYOND_OLD[:-len(FAR)]],
    "beyond to new": [[value, REFUSED, 0] for value in range(1001, 1034)]})


def first(name: str, *row: int) -> Made:
    return GOOD.but(records={name: [[*row], *GOOD.records[name][1:]]})


CONFIRMS = {"oom-adj-range": GOOD, "oom-score-adj-range": GOOD, "oom-adj-mirrored": GOOD,
            "oom-adj-roundtrip": GOOD.but(records={"old": SAME}), "oom-adj-scripts-still-work": GOOD}
REFUTES = {"oom-adj-range": first("old beyond", -18, 0, -18), "oom-score-adj-range": first("new beyond", -1001, 0, -1001),
           "oom-adj-mirrored": first("new to old", -1000, 0, -16),
           "oom-adj-roundtrip": GOOD.but(records={"old": [*SAME[:-1], [15, 0, 14]]}),
           "oom-adj-scripts-still-work": GOOD.but(records={"oom_adj exists": 0})}
