"""Does what processes can fill with data grow by the size of the swap area that is added?

In a guest without swap and in one with 64 MiB of it, a process fills memory until the OOM killer ends it, and the two
amounts are compared. Two groups that may not swap are filled the same way beside it: one is given 64 MiB more in the
second guest, the other nothing, so that both answers are read.
"""

from __future__ import annotations

from experiments.sections import MEMORY
from harness.claims import CONFIRMED, AtLeast, Claim, Expect, Experiment, Guard, Known, Outside, Within
from harness.needs import MIB, Needs
from harness.procedure import Lab, Probe
from harness.quantities import Counter, Quantity, Recorded, pages
from harness.settings import Settings

GROWS = Claim(
    "usable-is-ram-plus-swap", "What processes can really fill with data grows by the size of the swap area that is "
    "added.", MEMORY,
    known=(Known(CONFIRMED, "mm/swapfile.c, swapon: total_swap_pages (v6.12)"),))
SWAP, BOX, PIECE = 64 * MIB, 16 * MIB, MIB // 4
SET_ASIDE = 32              # huge pages: so much less is to be filled


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.nr_hugepages", SET_ASIDE)
    if lab.arm == "with":
        lab.swapon(size=SWAP)
    lab.sample("before")
    # Two groups that may not swap: one gets as much more RAM as the swap area is large, the other nothing.
    for name, limit in (("unchanged", BOX), ("larger", BOX + (SWAP if lab.arm == "with" else 0))):
        fill(lab, name, lab.probe(name, lab.sandbox(f"{name}-box", limit=limit, swap=0)), 2 * limit)
    fill(lab, "machine", lab.probe("hog"), 2 * lab.memory)
    lab.sample("filled")


def fill(lab: Lab, name: str, probe: Probe, size: int) -> None:
    """Fills until the OOM killer ends it: records how many pages held data by then."""
    filled = probe.fill_until_end(probe.map(size), PIECE)
    lab.require(filled < size, f"{name} is filled")
    lab.record(name, filled // lab.page_size)


def growth(name: str) -> Quantity:
    return (Recorded(name, "pages", arm="with") - Recorded(name, "pages", arm="without")
            ).called(f"growth of what could be filled: {name}", "pages")


AREA = pages(SWAP)
EXPERIMENT = Experiment(
    procedure,
    arms=("without", "with"),
    rate=10,
    settings=Settings(overcommit=1),
    needs=Needs(memory=256 * MIB, changes=("sysctl", "swap"), throwaway=True),
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Counter("meminfo:SwapTotal", "before", "with"), AtLeast(AREA - 1), "the area must be there"),),
    expects=(Expect(
        GROWS, growth("machine"),
        if_true=Within(AREA * 9 // 10, AREA * 11 // 10, "to a tenth: page tables and the kernel's record of the area "
                       "take some of it, and the OOM killer comes earlier or later (measured: by 6 %)"),
        if_false=Outside(AREA * 9 // 10, AREA * 11 // 10, "by another amount"),
        reads_true=growth("larger"), reads_false=growth("unchanged"),
        says=f"With {SWAP // MIB} MiB of swap added, {{value}} pages more could be filled."),),
)
