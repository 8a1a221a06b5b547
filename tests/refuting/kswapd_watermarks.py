"""kswapd-wakes-below-low: woken with one page to spare; kswapd-sleeps-at-high: asleep a page below the mark."""

from harness.false_evidence.made import Made

LOW, HIGH, RESERVE = 2000, 2500, 240


def zone(name: str, free: int) -> str:
    return f"{name}_free={free} {name}_low={LOW} {name}_high={HIGH} {name}_reserve3={RESERVE}"


def woken(over: int) -> str:
    """With so many pages over the low mark and the reserve."""
    return ("  probe-80  [000] ...1.  4.000001: asked: (wakeup_kswapd+0x0/0x1a0) highest=3 "
            f"{zone('zone', LOW + RESERVE + over)}\n"
            "  probe-80  [000] ...1.  4.000002: mm_vmscan_wakeup_kswapd: nid=0 order=0 gfp_flags=GFP_KERNEL\n")


def asleep(over: int) -> str:
    """With so many pages over the high mark and the reserve in the better of the zones."""
    return ("  kswapd0-40  [000] ...1.  5.000001: looked: (prepare_kswapd_sleep+0x0/0x80) highest=3 failures=0 "
            f"{zone('dma', 0)} {zone('dma32', HIGH + RESERVE + over)}\n"
            "  kswapd0-40  [000] ...1.  5.000002: answered: (kswapd+0x1/0x2 <- prepare_kswapd_sleep) asleep=1\n")


def awake() -> str:
    return asleep(-100).replace("asleep=1", "asleep=0")


GOOD = Made(records={"shortage": (woken(0) + awake() + asleep(0)) * 10, "marks moved": woken(-900) + asleep(900),
                     "nothing to free": woken(0) + awake() + asleep(0)})

CONFIRMS = {"kswapd-wakes-below-low": GOOD, "kswapd-sleeps-at-high": GOOD}
REFUTES = {"kswapd-wakes-below-low": GOOD.but(records={"nothing to free": woken(1) + asleep(0)}),
           "kswapd-sleeps-at-high": GOOD.but(records={"nothing to free": woken(0) + asleep(-1)})}
