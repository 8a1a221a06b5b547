"""Mode 0: no kill, a page granted too much, 1.2 times refused."""

from harness.false_evidence.made import Made

MOMENTS = {"before": 0, "after the reference's kill": 1, "less asked": 1, "more asked": 1, "far beyond asked": 1}
KINDS = ("private", "shared")

REAL = Made(
    counters={moment: {"vmstat:oom_kill": kills} for moment, kills in MOMENTS.items()},
    records={**{f"{kind}: a page too large": 12 for kind in KINDS},
             **{f"{kind}: as large as both": 0 for kind in KINDS},
             **{f"{kind}: larger than any address space": 12 for kind in KINDS},
             "0.8 times both": 0, "1.2 times both": 12, "10 times both": 12})

CONFIRMS = {"oc0-excess-is-oom": REAL.but(counters={"far beyond asked": {"vmstat:oom_kill": 2}}),
            "oc0-excess-is-refused": REAL, "oc0-slightly-over-allowed": REAL.but(records={"1.2 times both": 0})}
REFUTES = {"oc0-excess-is-oom": REAL, "oc0-excess-is-refused": REAL.but(records={"shared: a page too large": 0}),
           "oc0-slightly-over-allowed": REAL}
