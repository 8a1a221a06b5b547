"""oc0-above-ram-allowed: refused with swap as it is without."""

from harness.false_evidence.made import Made

GOOD = Made(records={"1.2 times RAM, without swap": 12, "swap": 313, "0.8 times RAM": 0, "1.2 times RAM, with swap": 0})

CONFIRMS = {"oc0-above-ram-allowed": GOOD}
REFUTES = {"oc0-above-ram-allowed": GOOD.but(records={"1.2 times RAM, with swap": 12})}
