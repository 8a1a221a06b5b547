"""va-64bit-beyond-4g: both ends used, and the last page lost."""

from harness.false_evidence.made import Made, cases

BOTH, ONE = (Made(records=cases("va-64bit-beyond-4g", value, 2, 0)) for value in (2, 1))

CONFIRMS = {"va-64bit-beyond-4g": BOTH}
REFUTES = {"va-64bit-beyond-4g": ONE}
