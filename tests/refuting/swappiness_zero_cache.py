"""swappiness-0-prefers-cache: a single page in swap."""

from harness.false_evidence.made import Made

MOMENTS = ("idle", "cache read", "paged out", "may not swap", "read by the group")
ZONES = "Node 0, zone    DMA32\n  pages free     20000\n        high     2000\n"


def made(swapped: int) -> Made:
    writes = (0, swapped, swapped + 8192, swapped + 8192, swapped + 8192)
    return Made(counters={moment: {"vmstat:pswpout": value, "vmstat:pgsteal_kswapd": 100_000 * number, "vmstat:pgsteal_direct": 0}
                          for number, (moment, value) in enumerate(zip(MOMENTS, writes, strict=True))},
                records={"times that the group met its limit": 40}, texts={"idle": {"zoneinfo": ZONES}},
                series={"idle": [{"vmstat": "nr_free_pages 2000\nnr_active_file 100\nnr_inactive_file 10000\n"}]})


CONFIRMS = {"swappiness-0-prefers-cache": made(0)}
REFUTES = {"swappiness-0-prefers-cache": made(1)}
