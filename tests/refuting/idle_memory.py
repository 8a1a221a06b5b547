"""swap-takes-cold-without-pressure: not one page of the cold memory in swap."""

from harness.false_evidence.made import Made

TOTAL = 8192


def made(cold: int) -> Made:
    return Made(records={"idle": 3_000_000_000},
                counters={"later": {"meminfo:MemTotal": 990_308, "meminfo:MemAvailable": 700_000}},
                pages={"later": {"cold": {"swapped": cold, "resident": TOTAL - cold}, "locked": {"resident": TOTAL},
                                 "squeezed": {"swapped": 5000, "resident": TOTAL - 5000}}})


CONFIRMS = {"swap-takes-cold-without-pressure": made(1)}
REFUTES = {"swap-takes-cold-without-pressure": made(0)}
