"""A protected process that is killed once: by the machine's OOM, by its group's, alone."""

from experiments.out_of_memory.oom_immunity import WAYS
from tests.refuting.made import Made, oom

RECORDS = {"kernel thread: score": 0, "in its limit: alone": 0}
for name in WAYS:
    undone = f"{name} undone"
    RECORDS |= {
        f"{name}: group": oom(f"{name}: small", alive=(f"{name}: large",)),
        f"{undone}: group": oom(f"{undone}: large", alive=(f"{undone}: small",)),
        f"{name}: machine": oom(f"{name}: other", alive=(f"{name}: of all",)),
        f"{undone}: machine": oom(f"{name}: of all", alive=(f"{undone}: other",)),
        f"{name}: alone": 0, f"{undone}: alone": 1, f"{name}: score": 0, f"{undone}: score": 790}
GOOD = Made(records=RECORDS)
OLD, NEW = WAYS

CONFIRMS = {"oom-adj-minus17-immune": GOOD, "oom-score-adj-min-disables": GOOD}
REFUTES = {"oom-adj-minus17-immune": GOOD.but(records={f"{OLD}: machine": oom(f"{OLD}: of all", alive=(f"{OLD}: other",))}),
           "oom-score-adj-min-disables": GOOD.but(records={f"{NEW}: score": 1})}
