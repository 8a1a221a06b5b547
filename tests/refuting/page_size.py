"""page-is-4k: pages of 8 KiB take half the faults."""

from harness.false_evidence.made import Made

GOOD = Made(records={"4 KiB": 256, "64 KiB": 256, "2 KiB": 128})

CONFIRMS = {"page-is-4k": GOOD}
REFUTES = {"page-is-4k": GOOD.but(records={"2 KiB": 127})}
