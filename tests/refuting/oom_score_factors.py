"""Each factor at the number of points that turns its answer."""

from harness.false_evidence.made import Made

ALIKE = ("plain", "equal", "nice", "root", "user")
EQUAL = Made(records={**dict.fromkeys(ALIKE, 690), "favoured": 756, "at once": 0, "grown": 100, "busy": 0, "waiting": 0,
                      "busy: ticks": 100, "nice: nice": 19})


def points(name: str, score: int) -> Made:
    return EQUAL.but(records={name: score})


CONFIRMS = {"oom-factor-runtime": points("waiting", 5), "oom-factor-nice": points("nice", 695),
            "oom-factor-root": points("user", 695)}
REFUTES = {"oom-factor-runtime": points("busy", 4), "oom-factor-nice": points("nice", 694),
           "oom-factor-root": points("user", 694)}
