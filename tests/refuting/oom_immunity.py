"""A protected process that is killed once: by the machine's OOM, by its group's, alone."""

from experiments.out_of_memory.oom_immunity import UNDONE, WAYS
from harness.false_evidence.made import Made, oom

RECORDS = {"kernel thread: score": 0, "in its limit: alone": 0, f"{UNDONE}: score": 790,
           f"{UNDONE}: group": oom(f"{UNDONE}: large", alive=(f"{UNDONE}: small",)),
           f"{UNDONE}: machine": oom("huge", alive=(f"{UNDONE}: other",))}
for name in WAYS:
    RECORDS |= {
        f"{name}: group": oom(f"{name}: small", alive=(f"{name}: large",)),
        f"{name}: machine": oom(f"{name}: other", alive=("huge",)),
        f"{name}: alone": 0, f"{name}: choices": 50, f"beside {name}: alone": 1, f"{name}: score": 0}
GOOD = Made(records=RECORDS)
OLD, NEW = WAYS

CONFIRMS = {"oom-adj-minus17-immune": GOOD, "oom-score-adj-min-disables": GOOD}
REFUTES = {"oom-adj-minus17-immune": GOOD.but(records={f"{OLD}: machine": oom("huge", alive=(f"{OLD}: other",))}),
           "oom-score-adj-min-disables": GOOD.but(records={f"{NEW}: score": 1})}
