"""dirty-written-by-reclaim: not a single page."""

from harness.false_evidence.made import Made

WRITES = {"reference dirty": 0, "reference written": 0, "dirty": 0, "short": 1, "swap on": 1, "swapped": 9000}

GOOD = Made(counters={moment: {"vmstat:nr_vmscan_write": value, "meminfo:Dirty": 98_304 if moment == "dirty" else 0,
                               "vmstat:pageoutrun": 0 if moment == "dirty" else 20}
                      for moment, value in WRITES.items()})

CONFIRMS = {"dirty-written-by-reclaim": GOOD}
REFUTES = {"dirty-written-by-reclaim": GOOD.but(counters={"short": {"vmstat:nr_vmscan_write": 0}})}
