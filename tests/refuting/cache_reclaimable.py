"""cache-all-reclaimable: one page of a tmpfs file that was kept."""

from harness.false_evidence.made import Made

ALL = (32 + 16 + 4) * 1024

GOOD = Made(counters={"before": {"meminfo:Cached": 100}, "cached": {"meminfo:Cached": 100 + ALL, "vmstat:oom_kill": 0},
                      "short": {"vmstat:oom_kill": 2}},
            pages={"short": {"tmpfs": 0, "clean": 0, "locked": 1024}})

CONFIRMS = {"cache-all-reclaimable": GOOD}
REFUTES = {"cache-all-reclaimable": GOOD.but(pages={"short": {"tmpfs": 1}})}
