"""kswapd-only-reclaimer: 99 pages of kswapd's for each other one, and one less."""

from harness.false_evidence.made import Made


def squeezed(kswapd: int) -> Made:
    counts = {"fast": (kswapd, 100), "slow": (4000, 0), "first": (3000, 40_000)}
    return Made(records={"fast: ns": 4_000_000_000},
                counters={f"{name}: {moment}": {"vmstat:pgsteal_kswapd": own * last, "vmstat:pgsteal_direct": direct * last}
                          for name, (own, direct) in counts.items() for last, moment in enumerate(("before", "after"))})


CONFIRMS = {"kswapd-only-reclaimer": squeezed(9900)}
REFUTES = {"kswapd-only-reclaimer": squeezed(9899)}
