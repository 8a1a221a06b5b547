"""How little is free when a process that asks for a page reclaims memory itself?

A guest of 256 MiB with swap is filled by a process that goes before all others, kswapd too. A kernel probe records the free
pages and the min mark of the zone each time that a page is looked for; what it said last before the process began to reclaim
counts. A process whose group is at its limit, which reclaims however much the zones have free, and a min mark that is raised past
what is free show how both answers read.
"""

from collections.abc import Callable, Sequence

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, KIB, MIB, SWAP, AtLeast, AtMost, Claim, Derived, Expect, Experiment, Guard, Known, Needs, Quantity, Recording,
    Settings,
)
from harness.lab import Lab
from harness.lab.helpers.reclaim import BTF, DIRECT, DIRECT_EVENTS, OF_GROUP, direct_spares, watch_direct_reclaim

RAM, FILLED, PIECE, FIRST, MARK = 256 * MIB, 224 * MIB, 8 * MIB, -20, 8192
ROOM = 2048         # KiB of the last buffer, which is asked for when memory is full; five times what was recorded
SHORT, AT_LIMIT, RAISED = "shortage", "group at its limit", "mark raised"

BELOW_MIN = Claim(
    "direct-reclaim-below-min", "A process that asks for order-0 pages, and whose group is at no limit, reclaims by itself only "
    "when the zone's free pages have come down to its min watermark plus its reserve.", RECLAIM,
    known=(Known(CONFIRMED, "mm/page_alloc.c, __alloc_pages_slowpath: get_page_from_freelist with the min mark comes first, and "
                            "__alloc_pages_direct_reclaim when that found nothing (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    watch_direct_reclaim(lab)
    probe = lab.probe()
    probe.nice(FIRST)
    memory = probe.map(RAM)
    limited = lab.probe("limited", lab.sandbox("limited", memory_max=PIECE))
    with lab.trace(AT_LIMIT, *DIRECT_EVENTS):
        limited.map(2 * PIECE).fill()
    limited.end()
    with lab.trace(SHORT, *DIRECT_EVENTS):      # begun while there is room for its buffer
        memory.part(0, FILLED).fill()
    memory.part(0, FILLED // 4).unmap()
    more = probe.map(PIECE)
    with lab.trace(RAISED, *DIRECT_EVENTS, kib=ROOM):     # by half of the piece: there is enough that can be swapped to reach it
        lab.sysctl("vm.min_free_kbytes", (lab.counter("meminfo:MemFree") + PIECE // 2) // KIB)
        more.fill()
        lab.sysctl("vm.min_free_kbytes", MARK)


def most(title: str, trace: str, began: str = DIRECT, pick: Callable[[Sequence[int]], int] = max) -> Quantity:
    def read(recording: Recording) -> int | None:
        found = direct_spares(recording, trace, began)
        return pick(found) if found else None
    return Derived(title, read, "pages")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(SWAP,), files=(BTF,), changes=("swap", "sysctl"), throwaway=True),
    settings=Settings(overcommit=1, watermark_boost_factor=0, min_free_kbytes=MARK),
    writes=("min_free_kbytes",),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=2,
    guards=(Guard(most("times that it reclaimed itself in the shortage", SHORT, pick=len), AtLeast(10),
                  "“only” of a few says little"),),
    expects=(Expect(
        BELOW_MIN, most("most free pages over min mark and reserve when a process reclaimed for a page", SHORT),
        if_true=AtMost(0, "at the mark itself the one page that is asked for would take it below"),
        if_false=AtLeast(1, "one time with a page to spare is enough"),
        reads_true=most("the same after the mark was raised past what is free", RAISED),
        reads_false=most("the same when it was for its group's limit", AT_LIMIT, OF_GROUP),
        says="With most to spare the zone had {value} free pages over its min mark and reserve."),),
)
