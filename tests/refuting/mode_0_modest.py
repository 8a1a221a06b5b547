"""oc0-modest-allowed: one of eight requests refused."""

from harness.false_evidence.made import Made

GOOD = Made(records={"small": 8, "0.9 times both": 8, "a page less than both": 8, "twice both": 0})

CONFIRMS = {"oc0-modest-allowed": GOOD}
REFUTES = {"oc0-modest-allowed": GOOD.but(records={"a page less than both": 7})}
