"""phys-32bit-4g: one page more than 4 GiB of data without swap."""

from harness.false_evidence.made import Made

GIB = 1 << 18       # pages
GOOD = Made(records={"group": GIB * 3 // 4, "machine": 4 * GIB, "with swap": 4 * GIB + GIB // 2})

CONFIRMS = {"phys-32bit-4g": GOOD}
REFUTES = {"phys-32bit-4g": GOOD.but(records={"machine": 4 * GIB + 1})}
