"""Is shared memory kept and reclaimed with the anonymous pages?

A process fills shared anonymous memory, a System V segment and a mapped tmpfs file, and beside them private anonymous
memory and a mapped disk file. kpageflags tell for every page whether it is on an anonymous or on a file list. Then
the group is squeezed without swap: what is reclaimed with anonymous pages stays, the disk file goes.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, pages,
)
from harness.lab import Lab

SIZE = 8 * MIB
SHARED = ("shared anonymous memory", "a System V segment", "a mapped tmpfs file")

ON_ANON_LRU = Claim(
    "shared-anon-on-anon-lru", "Shared memory is reclaimed with the anonymous pages: it is on the anonymous LRU lists.",
    RECLAIM,
    known=(Known(CONFIRMED, "include/linux/mm_inline.h, folio_is_file_lru (v6.1 to v7.2), page_is_file_lru (v5.10): what is "
                            "swap-backed is not file; mm/shmem.c, __folio_set_swapbacked (v6.1 to v7.2), "
                            "__SetPageSwapBacked (v5.10)"),))


def procedure(lab: Lab) -> None:
    box = lab.sandbox(memory_swap_max=0)
    probe = lab.probe(sandbox=box)
    tmpfs = probe.create_file(lab.mount_tmpfs() + "/file", SIZE)
    disk = probe.create_file(lab.mount_disk() + "/file", 2 * SIZE)
    lab.sync()
    regions = {
        "shared anonymous memory": probe.map(SIZE, shared=True).fill(),
        "a System V segment": probe.region(probe.shmat(probe.shmget(SIZE).value).value, SIZE).fill(),
        "a mapped tmpfs file": probe.map(SIZE, shared=True, fd=tmpfs).read(),
        "private anonymous memory": probe.map(SIZE).fill(),
        "a mapped disk file": probe.map(SIZE, shared=True, fd=disk).read(),
    }
    lab.drain_lru()
    lab.sample("filled", regions)
    # Four treatments that can't go without swap, a file that can: half of the file's pages must.
    box.set("memory.max", str(4 * SIZE + SIZE))
    lab.sample("squeezed", regions)


def on_lru(what: str) -> Quantity:
    return Pages("filled", what, "anonymous LRU").called(f"pages of {what} on the anonymous lists")


def kept(what: str) -> Quantity:
    return Pages("squeezed", what).called(f"pages of {what} kept in a squeeze without swap")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Change("vmstat:pswpout", "filled", "squeezed"), Exactly(0), "there must be no swap in this squeeze"),),
    expects=tuple(
        Expect(ON_ANON_LRU, quantity(what),
               if_true=Exactly(pages(SIZE), "every page"), if_false=AtMost(pages(SIZE) - 1, "one page elsewhere is enough"),
               reads_true=quantity("private anonymous memory"), reads_false=quantity("a mapped disk file"),
               says=says.format(what=what))
        for what in SHARED
        for quantity, says in ((on_lru, "Of {{bound}} pages of {what} {{value}} were on the anonymous LRU lists."),
                               (kept, "A squeeze without swap left {{value}} of {{bound}} pages of {what}."))),
    version=2,
)
