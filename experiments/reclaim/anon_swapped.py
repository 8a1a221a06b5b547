"""What becomes of anonymous pages when memory runs short?

A process in a group holds 16 MiB of anonymous memory, and the group's limit is lowered by 12 MiB. The page table
tells which pages are marked as swapped, and pswpout how many were written. The limit is lifted, all of the memory is
read again, the page faults of that are counted and the content is checked. A squeezed file mapping, memory that nobody
squeezes, memory paged out on demand and memory thrown away are read beside it.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    Recorded, Settings, pages,
)
from harness.lab import DONTNEED, PAGEOUT, Lab, Reply

SIZE, MOVED = 16 * MIB, 12 * MIB        # MOVED: by so much a group is squeezed

SWAPPED = Claim(
    "anon-swapped-out-and-in",
    "Anonymous pages are written to swap, marked in the page table, and faulted back in with their content.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, shrink_folio_list; mm/rmap.c, try_to_unmap_one (a swap entry replaces the "
                            "page table's); mm/memory.c, do_swap_page (v6.12)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    box, other = lab.sandbox(), lab.sandbox("other")
    probe, reader, idle = lab.probe(sandbox=box), lab.probe("reader", other), lab.probe("idle")
    file = reader.map(SIZE, shared=True, fd=reader.create_file(lab.mount_disk() + "/file", SIZE)).read()
    lab.sync()
    anon, kept = probe.map(SIZE).fill(), idle.map(SIZE)
    faulted(lab, "first fill", idle.fill(kept.address, SIZE))
    lab.drain_lru()
    regions = {"anon": anon, "file": file, "kept": kept}
    lab.sample("before", regions)
    other.set("memory.max", str(SIZE - MOVED))
    lab.sample("file squeezed", regions)
    box.set("memory.max", str(SIZE - MOVED))
    lab.sample("squeezed", regions)
    box.set("memory.max", "max")
    lab.record("intact", faulted(lab, "check", probe.check(anon.address, SIZE)))
    lab.record("intact, never moved", faulted(lab, "resident", idle.check(kept.address, SIZE)))
    anon.fill(seed=2)           # a page that came back unchanged has its copy in swap still, and is not written again
    lab.sample("filled again")
    probe.madvise(anon.address, SIZE, PAGEOUT)
    lab.sample("paged out", regions)
    idle.madvise(kept.address, SIZE, DONTNEED)
    lab.record("intact, thrown away", kept.check())


def faulted(lab: Lab, what: str, reply: Reply) -> int:
    """Records the faults of an operation: what it returned."""
    lab.record(f"faults: {what}", reply.minor_faults + reply.major_faults)
    return reply.value


def swapped(moment: str, label: str, what: str) -> Quantity:
    return Pages(moment, label, "swapped").called(f"pages of {what} marked as swapped")


def written(since: str, until: str, what: str) -> Quantity:
    return Change("vmstat:pswpout", since, until).called(f"pages written to swap while {what}")


MOST = AtLeast(pages(MOVED), "so many did not fit below the limit")
LESS = AtMost(pages(MOVED) - 1, "some went elsewhere")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap", "sysctl")),
    settings=Settings(page_cluster=0),          # a fault brings in the page that it is about, no others
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Pages("before", "anon"), Exactly(pages(SIZE)), "all of it must be in memory before"),
            Guard(Pages("before", "file"), Exactly(pages(SIZE)), "so must the file that is squeezed for comparison")),
    expects=(
        Expect(SWAPPED, written("file squeezed", "squeezed", "anonymous memory was squeezed"),
               if_true=MOST, if_false=LESS,
               reads_true=written("filled again", "paged out", "MADV_PAGEOUT pushed it out"),
               reads_false=written("before", "file squeezed", "file pages were squeezed"),
               says="A squeeze by 12 MiB wrote {value} pages to swap."),
        Expect(SWAPPED, swapped("squeezed", "anon", "anonymous memory after the squeeze"), if_true=MOST, if_false=LESS,
               reads_true=swapped("paged out", "anon", "anonymous memory after MADV_PAGEOUT"),
               reads_false=swapped("squeezed", "kept", "memory that nobody squeezed"),
               says="The page table marked {value} pages as swapped."),
        Expect(SWAPPED, Recorded("faults: check", "faults", title="page faults of reading it all again"),
               if_true=MOST, if_false=LESS, reads_true=Recorded("faults: first fill", title="the same of a first fill"),
               reads_false=Recorded("faults: resident", title="the same of resident memory"),
               says="Reading it again took {value} page faults."),
        Expect(SWAPPED, Recorded("intact", "pages", title="pages with their content"),
               if_true=Exactly(pages(SIZE), "every page"), if_false=AtMost(pages(SIZE) - 1, "one lost page is enough"),
               reads_true=Recorded("intact, never moved", title="the same of memory that was never moved"),
               reads_false=Recorded("intact, thrown away", title="the same of memory thrown away (MADV_DONTNEED)"),
               says="{value} of {bound} pages then held their content."),
    ),
    version=3,
)
