"""reclaim-deactivates: no more became inactive than were freed, but for the lag of the counters."""

from harness.false_evidence.made import Made

PAGE, PAGES, LAG = 4096, 8192, 95


def counts(active: int, cold: int, inactive: int = 0, left: int = PAGES) -> dict[str, int]:
    """memory.stat of the three groups, in bytes: of the squeezed one `active` and `inactive` pages, of the cold one `cold`
    inactive pages, of the one that is given up `left` active ones."""
    return {"active/memory.stat:active_file": active * PAGE, "active/memory.stat:inactive_file": inactive * PAGE,
            "given up/memory.stat:active_file": left * PAGE, "given up/memory.stat:inactive_file": 0,
            "cold/memory.stat:active_file": (PAGES - cold) * PAGE, "cold/memory.stat:inactive_file": cold * PAGE}


def after(inactive: int) -> dict[str, int]:
    """After a squeeze to half, with so many of the rest inactive."""
    return counts(PAGES // 2 - inactive, PAGES, inactive, left=0)


GOOD = Made(counters={"active": counts(PAGES, 0), "after": after(2 * LAG + 1)})

CONFIRMS = {"reclaim-deactivates": GOOD}
REFUTES = {"reclaim-deactivates": GOOD.but(counters={"after": after(LAG)})}
