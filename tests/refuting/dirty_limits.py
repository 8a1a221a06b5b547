"""Dirty limits: a share just within 1 % or just off by 5 %, one pause or none, a ratio of 1, an errno, a byte."""

import errno

from harness.false_evidence.made import Made

TOTAL, PAGE, KEPT = 50_000, 4096, 2_000         # pages
RATIO, RAM, AVAILABLE = "dirty_ratio 20", "20 % of RAM in dirty_bytes", "20 % of what is available in dirty_bytes"
ZONE = f"""Node 0, zone    DMA32
  per-node stats
      nr_inactive_anon 0
  pages free     9
        min      100
        low      200
        high     {KEPT - 500}
        managed  {TOTAL}
        protection: (0, 0, 0, 500)
"""


def at(threshold: int, free: int = 27_000) -> dict[str, int]:
    """Counters, of 25,000 pages that are available."""
    return {"vmstat:nr_dirty_threshold": threshold, "vmstat:nr_free_pages": free - 1_000, "vmstat:nr_inactive_file": 600,
            "vmstat:nr_active_file": 400, "meminfo:MemTotal": TOTAL * 4}


def paused(*dirty: int) -> str:
    """A trace in which a writer was made to pause with so many pages dirty, and looked once more without a pause."""
    looks = (*((one, 8) for one in dirty), (7000, 0))
    return "".join(f"  probe-45  [000] ...1.  16.000001: balance_dirty_pages: bdi 254:0: limit=9000 setpoint=8000 dirty={pages} "
                   f"bdi_setpoint=1 bdi_dirty=2 pause={pause} period=4\n" for pages, pause in looks)


GOOD = Made(
    counters={"limits": at(9_000), "large": {"vmstat:nr_dirty": 6_000, "vmstat:nr_writeback": 900},
              RATIO: at(5_000), RAM: at(10_000), AVAILABLE: at(5_000)},
    texts={sample: {"zoneinfo": ZONE} for sample in (RATIO, RAM, AVAILABLE)},
    records={"small": paused(), "limited": paused(5_000), "large": paused(8_099, 8_600), "dirty_ratio with dirty_bytes": 0,
             "dirty_ratio after 0": 0, "dirty_ratio after 20": 20, "less than two pages: change": 0,
             "two pages: change": 20_000_000, "the same: change": 0},
    outcomes={"less than two pages": 0, "two pages": 0, "101 %": errno.EINVAL})

CONFIRMS = {"dirty-ratio-of-ram": GOOD.but(counters={RATIO: at(9_900)}),
            "dirty-ratio-of-available": GOOD.but(counters={RATIO: at(5_050)}),
            "dirty-throttle-at-ratio-only": GOOD.but(records={"large": paused(8_100)}), "dirty-bytes-zeroes-ratio": GOOD,
            "dirty-bytes-minimum": GOOD}
REFUTES = {"dirty-ratio-of-ram": GOOD.but(counters={RATIO: at(9_499)}),
           "dirty-ratio-of-available": GOOD.but(counters={RATIO: at(4_749)}), "dirty-throttle-at-ratio-only": GOOD,
           "dirty-bytes-zeroes-ratio": GOOD.but(records={"dirty_ratio with dirty_bytes": 1}),
           "dirty-bytes-minimum": GOOD.but(outcomes={"less than two pages": errno.EINVAL})}
