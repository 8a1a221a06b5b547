"""A system-wide OOM that takes the second largest."""

from harness.false_evidence.made import Made, oom

SCORES = {"small": 740, "middle": 790, "large": 840, "asking": 670}


def members(name: str, *who: str) -> tuple[str, ...]:
    return tuple(f"{name}: {one}" for one in who)


GOOD = Made(records={
    "equal": oom("equal: large", alive=members("equal", "small", "middle", "asking")),
    "equal: scores": {f"equal: {who}": score for who, score in SCORES.items()},
    "adjusted": oom("adjusted: small", alive=members("adjusted", "middle", "large", "asking")),
    "adjusted: scores": {f"adjusted: {who}": score for who, score in {**SCORES, "small": 1333}.items()},
    "group": oom("group: small", alive=("group: large",)), "group: scores": {"group: small": 740, "group: large": 840}})

CONFIRMS = {"oom-highest-score-dies": GOOD}
REFUTES = {"oom-highest-score-dies": GOOD.but(
    records={"equal": oom("equal: middle", alive=members("equal", "small", "large", "asking"))})}
