"""oc2-hard-limit: granted past the limit, a kill."""

from harness.false_evidence.made import Made

KINDS = ("private", "shared anonymous", "private file")
ANSWERS = {"past it": 12, "within it": 0, "larger than any address space": 12}

GOOD = Made(
    counters={moment: {"vmstat:oom_kill": kills} for moment, kills in
              (("before", 0), ("after the reference's kill", 1), ("limited", 1), ("asked", 1))},
    records={f"{kind} {name}": error for kind in KINDS for name, error in ANSWERS.items()})

CONFIRMS = {"oc2-hard-limit": GOOD}
REFUTES = {"oc2-hard-limit": GOOD.but(records={"shared anonymous past it": 0})}
