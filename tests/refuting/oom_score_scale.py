"""A kernel whose oom_score is the plain share, and one number of it at a time that is not."""

from harness.false_evidence.made import Made

PLAIN = Made(records={"idle": 7, "brought to 500": 500, "exempt": 0, "half": 500, "most": 600, "brought to most": 600,
                      "half: thousandths": 500, "most: thousandths": 600})

CONFIRMS = dict.fromkeys(("oom-score-half-is-500", "oom-score-all-is-1000"), PLAIN)
REFUTES = {"oom-score-half-is-500": PLAIN.but(records={"half": 506}),
           "oom-score-all-is-1000": PLAIN.but(records={"most": 606})}
