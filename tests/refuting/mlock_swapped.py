"""mlock-never-swapped: one page of 1,024 in swap."""

from harness.false_evidence.made import Made

N = 1024
STAY = {"resident": N}
REGIONS = {"locked": STAY, "locked, shared": STAY, "ramfs": STAY}
SHORT = {**REGIONS, "anon": {"swapped": 3200, "anonymous": 896}}

GOOD = Made(pages={"before": REGIONS, "squeezed": SHORT, "out of memory": SHORT}, records={"killed": 1})

CONFIRMS = {"mlock-never-swapped": GOOD}
REFUTES = {"mlock-never-swapped": GOOD.but(pages={"out of memory": {"locked": {"resident": N - 1, "swapped": 1}}})}
