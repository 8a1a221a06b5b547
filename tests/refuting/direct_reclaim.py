"""direct-reclaim-below-min: at the mark itself, and once with a page to spare."""

from harness.false_evidence.made import Made

TASK = "           probe-120     [000] .....     {}.000000: {}\n"
LOOKED = "requested: (get_page_from_freelist+0x0/0x5) free={} min=500 reserve=0 atomic=0"
BEGAN = "mm_vmscan_{}_reclaim_begin: order=0 gfp_flags=GFP_HIGHUSER_MOVABLE"


def trace(*free: int, by: str = "direct") -> str:
    lines = [line for pages in free for line in (LOOKED.format(pages), BEGAN.format(by))]
    return "".join(TASK.format(time, line) for time, line in enumerate(lines, 1))


GOOD = Made(records={"shortage": trace(*[480] * 9, 500), "group at its limit": trace(900, by="memcg"), "mark raised": trace(100)})

CONFIRMS = {"direct-reclaim-below-min": GOOD}
REFUTES = {"direct-reclaim-below-min": GOOD.but(records={"shortage": trace(*[480] * 9, 501)})}
