"""reclaim-deactivates: one page more was freed than was deactivated."""

from harness.false_evidence.made import Made


def counts(deactivated: int, freed: int) -> dict[str, int]:
    return {"vmstat:pgdeactivate": deactivated, "vmstat:pgsteal_file": freed}


GOOD = Made(counters={"active": {"active/memory.stat:inactive_file": 0, **counts(0, 0)}, "squeezed": counts(5000, 5000),
                      "once squeezed": counts(5000, 9000), "cold": counts(13000, 9000)})

CONFIRMS = {"reclaim-deactivates": GOOD}
REFUTES = {"reclaim-deactivates": GOOD.but(counters={"squeezed": counts(4999, 5000)})}
