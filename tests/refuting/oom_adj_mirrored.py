"""One value of the 1,943 of oom_score_adj that leaves another oom_adj, one of 33 that reads back as another."""

from experiments.out_of_memory.oom_adj_mirrored import STEP, to_new, to_old
from experiments.out_of_memory.oom_adj_range import NEW_RANGE, OLD_RANGE
from tests.refuting.made import Made

NEW = [[value, 0, 15 if to_old(value) is None else to_old(value)] for value in NEW_RANGE]
SAME = [[value, 0, to_new(value), value, 0, 0] for value in OLD_RANGE]
GOOD = Made(records={
    "old": [[value, 0, to_new(value), to_old(to_new(value)), 0, 0] for value in OLD_RANGE], "new": NEW,
    "some new": [[value, 0, value, 0] for value in NEW_RANGE[::STEP]]})

CONFIRMS = {"oom-adj-mirrored": GOOD, "oom-adj-roundtrip": GOOD.but(records={"old": SAME})}
REFUTES = {"oom-adj-mirrored": GOOD.but(records={"new": [[-1000, 0, -16], *NEW[1:]]}),
           "oom-adj-roundtrip": GOOD.but(records={"old": [*SAME[:-1], [15, 0, 1000, 14, 0, 0]]})}
