"""Does what processes can fill with data grow by the size of the swap area that is added?

In a guest without swap and in one with 64 MiB of it, a process fills memory until the OOM killer ends it, and the two
amounts are compared. What it holds at first is squeezed into swap, so that the area is used up before the memory is.
Then two groups that may not swap are filled the same way: one is given 64 MiB more in the second guest, the other
nothing, so that both answers are read.
"""

from __future__ import annotations

from experiments.sections import MEMORY
from harness.claims import (
    CONFIRMED, KIB, MIB, AtMost, Claim, Counter, Expect, Experiment, Guard, Known, Needs, Outside, Quantity, Recorded,
    Settings, Within, pages,
)
from harness.lab import Lab, Region, Sandbox
from harness.lab.helpers.oom import keep_free_pages_together

GROWS = Claim(
    "usable-is-ram-plus-swap", "What processes can really fill with data grows by the size of the swap area that is "
    "added.", MEMORY,
    known=(Known(CONFIRMED, "mm/swapfile.c, swapon: total_swap_pages grows by the slots, all but the header's (v6.12)"),))
SWAP, BOX, PIECE = 64 * MIB, 8 * MIB, 64 * KIB
SET_ASIDE = 32              # huge pages: so much less is to be filled
# Slots that are left to the machine's own reclaim. With less than 64 of them free MGLRU looks at no anonymous page (mm/
# vmscan.c, get_swappiness and MIN_LRU_BATCH; v6.12), be it in swap already; the group's processes take some 25 more.
LAST = 128


def procedure(lab: Lab) -> None:
    with_swap = lab.arm == "with"
    lab.sysctl("vm.nr_hugepages", SET_ASIDE)
    keep_free_pages_together(lab)
    if with_swap:
        lab.swapon(size=SWAP)
    box, most = lab.sandbox("hog-box"), SWAP - LAST * lab.page_size
    memory = lab.probe("hog", box).map(2 * lab.memory)
    memory.part(0, most).fill()
    if with_swap:
        swap_out(lab, box)
    lab.sample("swapped out")
    lab.record("machine", (most + fill(lab, memory.part(most, memory.length - most))) // lab.page_size)
    # Two groups that may not swap: one gets as much more RAM as the swap area is large, the other nothing.
    for name, limit in (("unchanged", BOX), ("larger", BOX + (SWAP if with_swap else 0))):
        probe = lab.probe(name, lab.sandbox(f"{name}-box", memory_max=limit, memory_swap_max=0))
        lab.record(name, fill(lab, probe.map(2 * limit)) // lab.page_size)


def swap_out(lab: Lab, box: Sandbox) -> None:
    """Squeezes what a group holds into swap, until none of it is in memory too.

    Reclaim that has used up the last slot looks at no anonymous page any more, not even at one that is in memory and
    in swap (mm/vmscan.c, can_reclaim_anon_pages; v6.12): by how much depends on how fast the disk was.
    """
    for _ in range(60):
        box.set("memory.high", "0")
        lab.hand.sleep(10_000_000)
    box.set("memory.high", "max")


def fill(lab: Lab, memory: Region) -> int:
    """Fills until the OOM killer ends the probe: how many bytes held data by then."""
    filled = memory.probe.fill_until_end(memory, PIECE)
    lab.require(filled < memory.length, f"{memory.probe.name} is filled")
    return filled


def growth(name: str) -> Quantity:
    return (Recorded(name, "pages", arm="with") - Recorded(name, "pages", arm="without")
            ).called(f"growth of what could be filled: {name}", "pages")


AREA = pages(SWAP)
EXPERIMENT = Experiment(
    procedure,
    arms=("without", "with"),
    rate=0,
    settings=Settings(overcommit=1, page_cluster=0),    # what is read ahead from swap is in memory and in swap
    needs=Needs(memory=256 * MIB, changes=("sysctl", "swap"), throwaway=True, page_sizes=(4 * KIB,)),
    axes={"lru": ("classic", "mglru")},
    version=4,
    guards=(Guard(Counter("meminfo:SwapFree", "swapped out", "with"), AtMost(LAST), "all else of the area is in use"),
            Guard(Counter("meminfo:SwapCached", "swapped out", "with"), AtMost(LAST), "and not in memory too")),
    expects=(Expect(
        GROWS, growth("machine"),
        if_true=Within(AREA * 95 // 100, AREA * 105 // 100,
                       "its size, but for what the kernel needs for it (slab for the swap cache, 1 page in 512 for page "
                       "tables, up to 16 bytes a slot for the area's map and for the groups that own it, the last slots: 3 %), "
                       "and for when the OOM killer comes: once reclaim has failed 16 times, which no counter tells exactly "
                       "(measured: up to 300 pages earlier; mm/page_alloc.c, should_reclaim_retry, v6.12)"),
        if_false=Outside(AREA * 90 // 100, AREA * 110 // 100, "by another amount: twice as far off"),
        reads_true=growth("larger"), reads_false=growth("unchanged"),
        says=f"With {SWAP // MIB} MiB of swap added, {{value:±pages more|pages less}} could be filled."),),
)
