"""kswapd-wakes-below-low: woken with one page to spare; kswapd-sleeps-at-high: asleep at the mark itself."""

from tests.refuting.made import Made


def woken(over: int) -> str:
    return (f"  probe-80  [000] ...1.  4.000001: asked: (wakeup_kswapd+0x0/0x1a0) free1={2000 + over} mark1=2000 reserve1=0\n"
            "  probe-80  [000] ...1.  4.000002: mm_vmscan_wakeup_kswapd: nid=0 order=0 gfp_flags=GFP_KERNEL\n")


def asleep(over: int) -> str:
    return ("  kswapd0-40  [000] ...1.  5.000001: mm_vmscan_kswapd_sleep: nid=0\n"
            "  kswapd0-40  [000] ...1.  5.000002: threshold: (set_pgdat_percpu_threshold+0x0/0x80) "
            f"free0=90 mark0=50 reserve0=240 free1={3000 + over} mark1=3000 reserve1=0\n")


GOOD = Made(counters={"before": {"vmstat:pgsteal_kswapd": 0}, "after": {"vmstat:pgsteal_kswapd": 40_000}},
            records={"pressure": woken(0) + asleep(1), "marks moved": woken(-900) + asleep(900)})

CONFIRMS = {"kswapd-wakes-below-low": GOOD, "kswapd-sleeps-at-high": GOOD}
REFUTES = {"kswapd-wakes-below-low": GOOD.but(records={"pressure": woken(1) + asleep(1)}),
           "kswapd-sleeps-at-high": GOOD.but(records={"pressure": woken(0) + asleep(0)})}
