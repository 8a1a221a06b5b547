"""swappiness-0-prefers-cache: a single page in swap."""

from harness.false_evidence.made import Made

MOMENTS = ("no swap", "swap on", "cache read")
ZONES = "Node 0, zone    DMA32\n  pages free     20000\n        high     2000\n"

GOOD = Made(counters={**{moment: {"vmstat:pswpout": 0, "vmstat:pgsteal_kswapd": 100_000 * number,
                                  "vmstat:pgsteal_direct": 0} for number, moment in enumerate(MOMENTS)},
                      "paged out": {"vmstat:pswpout": 8192}},
            texts={"swap on": {"zoneinfo": ZONES}},
            series={"swap on": [{"vmstat": "nr_free_pages 2000\nnr_active_file 100\nnr_inactive_file 10000\n"}]})

CONFIRMS = {"swappiness-0-prefers-cache": GOOD}
REFUTES = {"swappiness-0-prefers-cache": GOOD.but(counters={"cache read": {"vmstat:pswpout": 1}})}
