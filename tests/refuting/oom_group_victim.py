"""The choice in a group: the other one of two processes is killed, or one outside."""

from typing import Any

from harness.false_evidence.made import Made, oom

WHO = ("first", "second")


def contest(name: str, victim: str) -> dict[str, Any]:
    other = next(who for who in WHO if who != victim)
    return oom(f"{name}: {victim}", alive=(f"{name}: {other}", "outside"))


GOOD = Made(records={
    **{name: contest(name, victim) for name, victim in (
        ("nothing written", "second"), ("little", "second"), ("much", "first"), ("oom_adj", "first"),
        ("first is large", "first"))},
    "nothing written: scores": {"nothing written: first": 710, "nothing written: second": 760, "outside": 810},
    "little: scores": {"little: first": 780, "little: second": 760, "outside": 810}})

# The highest score (the second's) is the victim's after all.
PREDICTED = GOOD.but(records={"little: scores": {"little: first": 750}})
CONFIRMS = {"oom-score-predicts-memcg-victim": PREDICTED, "oom-allowed-memcg": GOOD, "oom-adj-steers": GOOD}
REFUTES = {"oom-score-predicts-memcg-victim": GOOD,
           "oom-allowed-memcg": GOOD.but(records={"little": contest("little", "first")}),
           "oom-adj-steers": GOOD.but(records={"oom_adj": contest("oom_adj", "second")})}
