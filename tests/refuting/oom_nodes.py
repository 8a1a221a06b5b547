"""One node of two is exhausted: a process of the other one is killed, a value weighs as if of the whole machine."""

from typing import Any

from experiments.out_of_memory.oom_nodes import INTERSECTING
from harness.false_evidence.made import Made, oom


def contest(name: str, victim: str, *others: str) -> dict[str, Any]:
    other = "second" if victim == "first" else "first"
    return oom(f"{name}: {victim}", alive=(f"{name}: {other}", *others))


CHOICES = {"nothing written": "second", "little": "second", "more": "first", "first is large": "first"}
GOOD = Made(records={
    **{f"{kind}, {name}": contest(f"{kind}, {name}", victim, "outside")
       for kind in ("cpuset", "policy") for name, victim in CHOICES.items()},
    INTERSECTING: oom("unconfined", f"{INTERSECTING}: second", alive=(f"{INTERSECTING}: first",))})
OUTSIDE = oom("outside", alive=("cpuset, nothing written: first", "cpuset, nothing written: second"))

CONFIRMS = {"oom-allowed-cpuset": GOOD, "oom-allowed-mempolicy": GOOD}
REFUTES = {"oom-allowed-cpuset": GOOD.but(records={"cpuset, nothing written": OUTSIDE}),
           "oom-allowed-mempolicy": GOOD.but(records={"policy, little": contest("policy, little", "first")})}
