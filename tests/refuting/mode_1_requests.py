"""oc1-always: one page less than the address space holds."""

from harness.false_evidence.made import Made

GOOD = Made(records={"0: private writable": 22_900_000_000, "0: shared writable": 22_900_000_000,
                     "0: private read-only": 0,
                     "1: private writable": 0, "1: shared writable": 0})

CONFIRMS = {"oc1-always": GOOD}
REFUTES = {"oc1-always": GOOD.but(records={"1: shared writable": 1})}
