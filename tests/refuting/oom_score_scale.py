"""A kernel whose oom_score is the plain share plus oom_score_adj, and one number of it at a time that is not."""

from tests.refuting.made import Made

PLAIN = Made(records={
    "idle": 7, "brought to 500": 500, "exempt": 0, "half": 500, "most": 600, "brought to most": 600, "raised": 300,
    "brought up": 300, "left alone": 0, "shifted -1": 0.5, "shifted -2": 0.25, "shifted -3": 0.125,
    "brought down -1": 0.5, "brought down -2": 0.25, "brought down -3": 0.125, "unshifted": 1.0})

CONFIRMS = dict.fromkeys(("oom-score-half-is-500", "oom-score-all-is-1000", "oom-score-adj-plain-sum", "oom-adj-bitshift"), PLAIN)
REFUTES = {"oom-score-half-is-500": PLAIN.but(records={"half": 506}),
           "oom-score-all-is-1000": PLAIN.but(records={"most": 606}),
           "oom-score-adj-plain-sum": PLAIN.but(records={"raised": 303}),
           "oom-adj-bitshift": PLAIN.but(records={"shifted -3": 0.14})}
