"""One of five that is left; a process whose score read 0, killed."""

from harness.false_evidence.made import Made

ONE_BY_ONE, ZERO = "oom-adj-minus17-no-reserve", "oom-score-0-never-killed"
GOOD = Made(records={"oom_adj -17": 5, "oom_score_adj -1000": 5, "at 0, all of the group": 5, "at 0": 0, "score 0: score": 0,
                     "score above 0: score": 668, "score 0": 0, "score above 0": 1, "in its limit": 0})

CONFIRMS = {ONE_BY_ONE: GOOD, ZERO: GOOD}
REFUTES = {ONE_BY_ONE: GOOD.but(records={"oom_score_adj -1000": 4}), ZERO: GOOD.but(records={"score 0": 1})}
