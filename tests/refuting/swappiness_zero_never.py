"""swappiness-0-never-swaps: a single page in swap."""

from harness.false_evidence.made import Made


def trial(swapped: int) -> Made:
    writes = {"start": 0, "idle": 0, "short": swapped, "filled": swapped, "paged out": swapped + 2048}
    return Made(counters={moment: {"vmstat:pswpout": value, "vmstat:oom_kill": int(moment not in {"start", "idle"})}
                          for moment, value in writes.items()})


CONFIRMS = {"swappiness-0-never-swaps": trial(0)}
REFUTES = {"swappiness-0-never-swaps": trial(1)}
