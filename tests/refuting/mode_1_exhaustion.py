"""oc1-oom-when-exhausted: a page more was still there than reserves, page tables and the last piece explain."""

from harness.false_evidence.made import Made

FREE, RESERVED = 16384, 34 + 197 + 432           # pages
MOST = RESERVED + FREE // 512 + 16 + 128
ZONES = {"zoneinfo": """Node 0, zone      DMA
  pages free     3945
        min      34
        protection: (0, 197, 197, 197, 197)
Node 0, zone    DMA32
  pages free     12439
        min      432
        protection: (0, 0, 0, 0, 0)
"""}


def made(filled: int) -> Made:
    kills = {"before": 0, "after the reference's kill": 1, "asked": 1, "half filled": 1, "filled": 2}
    counters = {moment: {"vmstat:oom_kill": count, "meminfo:MemFree": FREE * 4} for moment, count in kills.items()}
    return Made(counters=counters, texts={"asked": ZONES},
                records={"filled in the box": 4032, "half": FREE // 2, "filled": filled})


CONFIRMS = {"oc1-oom-when-exhausted": made(FREE - MOST)}
REFUTES = {"oc1-oom-when-exhausted": made(FREE - MOST - 1)}
