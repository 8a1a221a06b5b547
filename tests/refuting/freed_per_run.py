"""direct-reclaim-frees-more: as many pages a run as kswapd's."""

from harness.false_evidence.made import Made


def counts(direct: int, kswapd: int, runs: int) -> dict[str, int]:
    return {"vmstat:pgsteal_direct": direct, "vmstat:pgsteal_kswapd": kswapd, "vmstat:allocstall_normal": runs,
            "vmstat:pageoutrun": runs}


GOOD = Made(counters={"cached": {"meminfo:Cached": 70_000}, "dropped": {"meminfo:Cached": 4_000},
                      "dropped again": {"meminfo:Cached": 4_000}, "before": counts(0, 0, 0),
                      "short": counts(20 * 101, 20 * 100, 20)})

CONFIRMS = {"direct-reclaim-frees-more": GOOD}
REFUTES = {"direct-reclaim-frees-more": GOOD.but(counters={"short": counts(20 * 100, 20 * 100, 20)})}
