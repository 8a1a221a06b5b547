"""When does the OOM killer come in overcommit mode 1?

In mode 1, without swap, a process maps four times RAM, which is granted, and fills it until it is killed. The kills are
counted after asking, after half of what is free was filled, and at the end, and what was filled is compared with MemFree
at the beginning. Huge pages that are set aside make RAM and what is really left differ. A group of 16 MiB is exhausted
first as reference.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, KIB, MIB, AtLeast, AtMost, Claim, Counter, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded,
    Settings, pages,
)
from harness.lab import Lab
from harness.lab.helpers.oom import keep_free_pages_together, kills

EXHAUSTED = Claim(
    "oc1-oom-when-exhausted", "Mode 1: the OOM killer comes when memory is really used up.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/page_alloc.c, __alloc_pages_slowpath: __alloc_pages_may_oom once reclaim makes no "
                            "progress (v6.12); measured on 6.12"),))
BOX, PIECE = 16 * MIB, 64 * KIB
SET_ASIDE = 48              # huge pages: so much less is to be filled


def procedure(lab: Lab) -> None:
    """Without swap: with it, what was written last may be in memory and in swap at the end (see usable_memory)."""
    lab.sysctl("vm.nr_hugepages", SET_ASIDE)
    keep_free_pages_together(lab)
    boxed = lab.probe("boxed", lab.sandbox("box", memory_max=BOX, memory_swap_max=0))
    hog = lab.probe("hog")
    lab.sample("before")
    lab.record("filled in the box", boxed.fill_until_end(boxed.map(2 * BOX), PIECE) // lab.page_size)
    lab.sample("after the reference's kill")
    memory = hog.map(4 * lab.memory)
    lab.sample("asked")
    half = lab.counter("meminfo:MemFree") // 2 // PIECE * PIECE
    lab.record("half", hog.fill_until_end(memory.part(0, half), half) // lab.page_size)
    lab.sample("half filled")
    rest = hog.fill_until_end(memory.part(half, memory.length - half), PIECE)
    lab.record("filled", (half + rest) // lab.page_size)
    lab.sample("filled")


def unused(filled: str, of: Quantity) -> Quantity:
    return (of - Recorded(filled, "pages")).called(f"{filled}: pages of what there is that held no data", "pages")


def zone(key: str) -> Quantity:
    return Counter(f"zoneinfo:0.{key}", "asked")


FREE = Counter("meminfo:MemFree", "asked")
# What no ordinary request gets: of each zone the pages below its min watermark, and of DMA what lowmem_reserve_ratio keeps
# for requests that can use nothing else.
RESERVED = zone("DMA.min") + zone("DMA.protection.3") + zone("DMA32.min")
PARKED = 128    # 4 batches of 15 pages in each of the two zones (mm/page_alloc.c, zone_highsize; since v6.1), rounded up
MOST = RESERVED + FREE // 512 + pages(PIECE) + PARKED
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    settings=Settings(overcommit=1),
    needs=Needs(memory=256 * MIB, changes=("sysctl",), throwaway=True, page_sizes=(4 * KIB,)),
    axes={"lru": ("classic", "mglru")},
    expects=(
        Expect(EXHAUSTED, kills("half filled", "filled"),
               if_true=AtLeast(1, "it comes"), if_false=Exactly(0, "it does not"),
               reads_true=kills("before", "after the reference's kill"), reads_false=kills("asked", "half filled"),
               says="Filling on led to {value} kills."),
        Expect(EXHAUSTED, unused("filled", FREE),
               if_true=AtMost(MOST, "used up, but for the zones' min watermarks and protection (mm/page_alloc.c, "
                              "__zone_watermark_ok; v6.12), 1 page in 512 for page tables, the piece under way, and what "
                              "a processor keeps to itself"),
               if_false=AtLeast(MOST + 1, "more than that was still there"),
               reads_true=unused("filled in the box", pages(BOX)), reads_false=unused("half", FREE),
               says="Of the pages that had been free, {value} pages held no data then (at most {bound} may be kept in reserve).",
               reference_why="how much a group holds when it is killed is known by its limit; of the machine nothing is "
                             "known but what it has free"),
    ),
)
