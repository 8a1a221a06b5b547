"""A kernel that adds oom_score_adj to oom_score and shifts by oom_adj, and one number at a time that is otherwise."""

from harness.false_evidence.made import Made

OLD = Made(records={
    "raised": 300, "brought up": 300, "left alone": 0, "unshifted": 1.0, "shifted -1": 0.5, "shifted -2": 0.25,
    "raised: oom_score_adj": 300, **{f"shifted {shift}: oom_score_adj": 58 * shift for shift in (-1, -2, -3)},
    "shifted -3": 0.125, "brought down -1": 0.5, "brought down -2": 0.25, "brought down -3": 0.125})

CONFIRMS = dict.fromkeys(("oom-score-adj-plain-sum", "oom-adj-bitshift"), OLD)
REFUTES = {"oom-score-adj-plain-sum": OLD.but(records={"raised": 303}),
           "oom-adj-bitshift": OLD.but(records={"shifted -3": 0.14})}
