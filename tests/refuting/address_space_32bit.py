"""va-32bit-4g: one page beyond 4 GiB."""

from harness.false_evidence.made import Made

LIMIT = 1 << 20
GOOD = Made(records={"32 bits": LIMIT - 274, "64 bits": 4 * LIMIT, "64 bits, limited": LIMIT})

CONFIRMS = {"va-32bit-4g": GOOD}
REFUTES = {"va-32bit-4g": GOOD.but(records={"32 bits": LIMIT + 1})}
