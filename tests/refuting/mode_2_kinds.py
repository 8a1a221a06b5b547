"""oc2-refuses-everything: one kind of four that is granted is enough."""

from harness.false_evidence.made import Made

GOOD = Made(records={"charged kinds before": 3, "charged kinds at the limit": 0, "other kinds at the limit": 0})

CONFIRMS = {"oc2-refuses-everything": GOOD}
REFUTES = {"oc2-refuses-everything": GOOD.but(records={"other kinds at the limit": 1})}
