"""kswapd-wakes-below-low: woken with one page to spare; kswapd-sleeps-at-high: asleep a page below the mark while it had
not given up; kswapd-gives-up: asleep after 15 runs in a row that freed nothing."""

from harness.false_evidence.made import Made

LOW, HIGH, RESERVE = 2000, 2500, 240


def zone(name: str, free: int, atomic: int = 0) -> str:
    return f"{name}_free={free} {name}_low={LOW} {name}_high={HIGH} {name}_atomic={atomic} {name}_reserve3={RESERVE}"


def woken(over: int, order: int = 0, atomic: int = 0) -> str:
    """With so many pages over the low mark and the reserves."""
    return ("  probe-80  [000] ...1.  4.000001: asked: (wakeup_kswapd+0x0/0x1a0) highest=3 "
            f"{zone('zone', LOW + RESERVE + atomic + over, atomic)}\n"
            f"  probe-80  [000] ...1.  4.000002: mm_vmscan_wakeup_kswapd: nid=0 order={order} gfp_flags=GFP_KERNEL\n")


def asleep(over: int, vain: int = 0) -> str:
    """With so many pages over the high mark and the reserve in the better of the zones, and after so many runs that freed
    nothing."""
    return (f"  kswapd0-40  [000] ...1.  5.000001: looked: (prepare_kswapd_sleep+0x0/0x80) order=0 highest=3 failures={vain} "
            f"{zone('dma', 0)} {zone('dma32', HIGH + RESERVE + over)}\n"
            "  kswapd0-40  [000] ...1.  5.000002: answered: (kswapd+0x1/0x2 <- prepare_kswapd_sleep) asleep=1\n")


def awake(over: int = -100, vain: int = 0) -> str:
    return asleep(over, vain).replace("asleep=1", "asleep=0")


def hopeless(runs: int = 16, woken_over: int = 0, over: int = -44) -> str:
    """It is woken, frees nothing in so many runs, and sleeps."""
    return woken(woken_over) + "".join(awake(over, vain) for vain in range(1, runs)) + asleep(over, runs)


GOOD = Made(records={"memory tiering": 0, "shortage": (woken(0) + awake() + asleep(0)) * 10, "huge pages": woken(250, order=9),
                     "marks moved": woken(-900) + asleep(900), "nothing to free": hopeless(), "locked": hopeless()})

CONFIRMS = dict.fromkeys(("kswapd-wakes-below-low", "kswapd-sleeps-at-high", "kswapd-gives-up"), GOOD)
REFUTES = {"kswapd-wakes-below-low": GOOD.but(records={"nothing to free": hopeless(woken_over=1)}),
           "kswapd-sleeps-at-high": GOOD.but(records={"shortage": (woken(0) + awake() + asleep(0)) * 10 + asleep(-1, 15)}),
           "kswapd-gives-up": GOOD.but(records={"nothing to free": hopeless(runs=15)})}
