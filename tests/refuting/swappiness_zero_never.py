"""swappiness-0-never-swaps: a single page in swap, with the raised watermarks only."""

from harness.false_evidence.made import Made

OWN, RAISED = "own watermarks", "min_free_kbytes 45056"


def arm(swapped: int) -> Made:
    writes = {"start": 0, "short in a group": 0, "idle": 0, "short": swapped, "filled": swapped, "paged out": swapped + 2048}
    kills = {"start": 0, "short in a group": 1, "idle": 1}
    return Made(counters={moment: {"vmstat:pswpout": value, "vmstat:oom_kill": kills.get(moment, 2)}
                          for moment, value in writes.items()})


CONFIRMS = {"swappiness-0-never-swaps": Made(arms={OWN: arm(0), RAISED: arm(0)})}
REFUTES = {"swappiness-0-never-swaps": Made(arms={OWN: arm(0), RAISED: arm(1)})}
