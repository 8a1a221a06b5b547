"""drop-raises-capacity is refuted where less than 2 % of RAM is gained, confirmed where it is 2 %."""

from harness.false_evidence.made import Made

RAM, CACHE = 220_000, 16_384       # KiB, pages


def arm(filled: int, dropped: int = 0) -> Made:
    return Made(counters={"full of cache": {"vmstat:drop_pagecache": 0},
                          "before": {"meminfo:MemTotal": RAM, "vmstat:oom_kill": 0, "vmstat:drop_pagecache": dropped},
                          "killed": {"vmstat:oom_kill": 1}},
                pages={"full of cache": {"file": CACHE}}, records={"filled": filled})


GAIN = RAM // 4 // 50
GOOD = Made(arms={"kept": arm(50_000), "dropped": arm(50_000 + GAIN, 1), "kept again": arm(50_128),
                  "a tmpfs file": arm(46_000)})

CONFIRMS = {"drop-raises-capacity": GOOD}
REFUTES = {"drop-raises-capacity": GOOD.in_arm("dropped", records={"filled": 50_000 + GAIN - 1})}
