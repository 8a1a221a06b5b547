"""One value of the 2,001 of oom_score_adj that leaves another oom_adj (16, as before 5.10), one of 33 read back as another."""

from experiments.out_of_memory.oom_adj_mirrored import STEP, to_new, to_old
from experiments.out_of_memory.oom_adj_range import NEW_RANGE, OLD_RANGE
from harness.false_evidence.made import Made

NEW = [[value, 0, to_old(value)] for value in NEW_RANGE]
SIXTEEN = [[value, 0, 16 if value == 942 else old] for value, _, old in NEW]
SAME = [[value, 0, to_new(value), value, 0, 0] for value in OLD_RANGE]
GOOD = Made(records={
    "old": [[value, 0, to_new(value), to_old(to_new(value)), 0, 0] for value in OLD_RANGE], "new": NEW,
    "some new": [[value, 0, value, 0] for value in NEW_RANGE[::STEP]]})

CONFIRMS = {"oom-adj-mirrored": GOOD, "oom-adj-roundtrip": GOOD.but(records={"old": SAME})}
REFUTES = {"oom-adj-mirrored": GOOD.but(records={"new": SIXTEEN}),
           "oom-adj-roundtrip": GOOD.but(records={"old": [*SAME[:-1], [15, 0, 1000, 14, 0, 0]]})}
