"""mlock-never-swapped: one page of 1,024 in swap, of private memory by the page table, of shared memory by smaps."""

from harness.false_evidence.made import Made

N, KIB_A_PAGE = 1024, 4
STAY = {"resident": N}
REGIONS = dict.fromkeys(("locked", "locked, shared", "outside", "outside, shared"), STAY)
SHORT = {**REGIONS, "not locked": {"swapped": 3200, "anonymous": 896}}
IN_SWAP = {"locked, shared": {"Swap": 0}, "outside, shared": {"Swap": 0}, "not locked, shared": {"Swap": 2000 * KIB_A_PAGE}}
AFTER = ("squeezed", "out of memory")

GOOD = Made(pages={"before": REGIONS, **dict.fromkeys(AFTER, SHORT)}, smaps=dict.fromkeys(AFTER, IN_SWAP), records={"killed": 1})

CONFIRMS = {"mlock-never-swapped": GOOD}
REFUTES = {"mlock-never-swapped": GOOD.but(pages={"out of memory": {"locked": {"resident": N - 1, "swapped": 1}}})}
ALSO_REFUTES = {"mlock-never-swapped": GOOD.but(smaps={"out of memory": {"locked, shared": {"Swap": KIB_A_PAGE}}})}
