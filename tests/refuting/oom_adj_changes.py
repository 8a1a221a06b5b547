"""One child of five that is born with another value; a user's process that can't raise its own."""

from harness.false_evidence.made import Made

CHILDREN = [[value, value, old, old, 7, value] for value, old in ((-1000, -17), (-500, -8), (1, 0), (300, 5), (1000, 15))]
GOOD = Made(records={"children": CHILDREN, **{
    f"{file}: {what}": value for file in ("oom_score_adj", "oom_adj")
    for what, value in (("capabilities", 0), ("user below", 0), ("user above", 0), ("root below", 1))}})

CONFIRMS = {"oom-adj-inherited": GOOD, "oom-adj-needs-privilege": GOOD}
REFUTES = {"oom-adj-inherited": GOOD.but(records={"children": [*CHILDREN[:-1], [1000, 0, 15, 0, 7, 1000]]}),
           "oom-adj-needs-privilege": GOOD.but(records={"oom_score_adj: user above": 1})}
