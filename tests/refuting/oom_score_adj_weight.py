"""A value that weighs too little: the adjusted process is spared although it is 2 % above the balance."""

from typing import Any

from experiments.out_of_memory.oom_score_adj_weight import CASES
from harness.false_evidence.made import Made, oom


def contest(name: str, adjusted: bool) -> dict[str, Any]:
    pair = (f"{name}: adjusted", f"{name}: other")
    return oom(pair[not adjusted], alive=(pair[adjusted],))


GOOD = Made(records={f"{case}, {side}": contest(f"{case}, {side}", side == "less")
                     for case in CASES for side in ("less", "more")})

CONFIRMS = {"oom-score-adj-added": GOOD, "oom-adj-plus500-half": GOOD, "oom-adj-minus500-half": GOOD}
REFUTES = {"oom-score-adj-added": GOOD.but(records={"-300, less": contest("-300, less", False)}),
           "oom-adj-plus500-half": GOOD.but(records={"+500, more": contest("+500, more", True)}),
           "oom-adj-minus500-half": GOOD.but(records={"-500, less": contest("-500, less", False)})}
