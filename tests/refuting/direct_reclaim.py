"""direct-reclaim-below-min: at the mark itself, and once with a page to spare."""

from harness.false_evidence.made import Made

TASK = "           probe-120     [000] .....     {}.000000: {}\n"
LOOKED = "requested: (get_page_from_freelist+0x0/0x5) free={} min=500 reserve=0 atomic=0"
BEGAN = "mm_vmscan_direct_reclaim_begin: order={} gfp_flags=GFP_HIGHUSER_MOVABLE"


def trace(*free: int, order: int = 0) -> str:
    lines = [line for pages in free for line in (LOOKED.format(pages), BEGAN.format(order))]
    return "".join(TASK.format(time, line) for time, line in enumerate(lines, 1))


GOOD = Made(records={"shortage": trace(*[480] * 9, 500), "huge pages": trace(900, order=9), "mark raised": trace(100)})

CONFIRMS = {"direct-reclaim-below-min": GOOD}
REFUTES = {"direct-reclaim-below-min": GOOD.but(records={"shortage": trace(*[480] * 9, 501)})}
