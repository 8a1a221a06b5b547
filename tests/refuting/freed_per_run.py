"""direct-reclaim-frees-more: as many pages a run as kswapd's."""

from harness.false_evidence.made import Made

RUNS = 20


def runs(*freed: int) -> str:
    return "".join(f"  probe-80  [000] ...1.  4.{number:06d}: mm_vmscan_direct_reclaim_end: nr_reclaimed={pages}\n"
                   for number, pages in enumerate(freed))


GOOD = Made(counters={"before": {"vmstat:pgsteal_kswapd": 0, "vmstat:pageoutrun": 0},
                      "short": {"vmstat:pgsteal_kswapd": 100 * RUNS, "vmstat:pageoutrun": RUNS}},
            records={"short of memory": runs(*[101] * RUNS), "squeezed": runs(14_000), "at its limit": runs(64, 0, 33)})

CONFIRMS = {"direct-reclaim-frees-more": GOOD}
REFUTES = {"direct-reclaim-frees-more": GOOD.but(records={"short of memory": runs(*[100] * RUNS)})}
