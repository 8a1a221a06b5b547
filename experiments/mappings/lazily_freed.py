"""What becomes of memory that was given to MADV_FREE, under pressure?

A process of a group fills 8 MiB and calls MADV_FREE; another does so and writes all of it again. The group is squeezed, with
swap, and the content is looked at: pages that read as zeros, and pages that hold what was written. Counted are the pages that
were swapped out. Memory without the advice, and with MADV_DONTNEED, shows how the answers read.
"""

from experiments.sections import MAPPINGS
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Case, Change, Claim, Disk, Exactly, Known, Needs, Recorded, Small, pages, table,
)
from harness.lab import DONTNEED, FREE, NORMAL, Lab
from harness.lab.helpers.reclaim import swap_out

SIZE = 8 * MIB
MAN = "madvise(2), MADV_FREE (man-pages 6.03)"

LOST = Claim(
    "madv-free-lost-under-pressure",
    "Pages given to MADV_FREE are dropped without swap I/O under pressure and then read as zeros.",
    MAPPINGS, known=(Known(CONFIRMED, f"{MAN}; mm/rmap.c, try_to_unmap_one: a clean page that is not swap-backed is discarded "
                                      "(v5.10 to "
                                      "v7.2)"),))
WRITTEN = Claim(
    "madv-free-write-cancels", "A page written after MADV_FREE keeps that content through pressure.", MAPPINGS,
    known=(Known(CONFIRMED,
                 f"{MAN}: subsequent writes to pages in the range will succeed and then kernel cannot free those dirtied "
                            "pages"),))


def squeezed(words: str, advice: int, *, write: bool = False) -> Case:
    """Records how many pages read as zeros, and how many hold what was written last, once the group was squeezed."""
    def do(lab: Lab, at: str) -> None:
        lab.swapon()
        box = lab.sandbox(f"{at} box")
        memory = lab.probe(at, box).map(SIZE).fill(1)
        lab.drain_lru()     # MADV_FREE passes over what is on no list yet (mm/swap.c, folio_mark_lazyfree; v6.12)
        memory.advise(advice)
        if write:
            memory.fill(2)
        lab.drain_lru()
        lab.sample(f"{at} before")
        swap_out(lab, box)
        lab.sample(f"{at} after")
        lab.record(f"{at}: zeros", memory.zeros())
        lab.record(f"{at}: kept", memory.check(2 if write else 1))
    return Case(words, do)


ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")
FREED, KEPT = squeezed("after MADV_FREE", FREE), squeezed("after MADV_NORMAL", NORMAL)
GIVEN = squeezed("after MADV_DONTNEED", DONTNEED)
EXPERIMENT = table(
    Small(LOST, "pages that read as zeros", FREED, GIVEN, KEPT, ALL, NOT_ALL, of=lambda at: Recorded(f"{at}: zeros"),
          unit="pages",
          key="zeros", says="Under pressure {value} of {bound} pages after MADV_FREE read as zeros,"),
    Small(LOST, "pages swapped out", FREED, GIVEN, KEPT, of=lambda at: Change("vmstat:pswpout", f"{at} before", f"{at} after"),
          key="swap", if_true=AtMost(pages(SIZE) // 4, "no more than what else a probe has"),
          if_false=AtLeast(pages(SIZE) * 3 // 4, "most of it"), says="and {value} pages were written to swap."),
    Small(WRITTEN, "pages that hold what was written", squeezed("after MADV_FREE and a write", FREE, write=True), KEPT, FREED,
          ALL, NOT_ALL,
          of=lambda at: Recorded(f"{at}: kept"), unit="pages",
          says="Under pressure {value} of {bound} pages that were written after MADV_FREE kept that."),
    version=2,
    axes={"lru": ("classic", "mglru")},
    needs=Needs(disks=(Disk("swap", "swap", 64 * MIB),), changes=("swap",)),
)
