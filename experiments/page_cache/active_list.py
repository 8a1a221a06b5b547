"""On which list is a file page that was read once, or twice?

A file of 8 MiB lies on an ext4 disk and is not cached. It is read by read() once or twice, or touched through a mapping, and the
batches on their way to the lists are drained. By how much Active(file) and Inactive(file) of the machine grew tells where its
pages are; with MGLRU the two youngest generations count as active. Pages that were touched through a mapping and read twice, and
touched again whenever MGLRU's generations were aged, are active with both; those that were told to be cold are inactive.
"""

import os
from collections.abc import Callable

from experiments.sections import PAGE_CACHE
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Change, Claim, Disk, Known, Needs, Quantity, Small, known_by, pages,
    table,
)
from harness.lab import COLD, Lab
from harness.lab.helpers.reclaim import make_active

SIZE = 8 * MIB
LAG = 32                        # pages that compaction put back last, into a batch again (mm/compaction.c, COMPACT_CLUSTER_MAX)
TWICE, INACTIVE = "cache-second-read-activates", "mglru-active-inactive-same"
REFERENCES = "it counts references in the page's flags and moves nothing (v6.1 to v7.2)"

ACTIVATES = Claim(
    TWICE, "A page that is read a second time, after others of its file were, moves to the active list.", PAGE_CACHE,
    known=known_by("lru", classic=(CONFIRMED, "mm/swap.c, mark_page_accessed (v5.10), folio_mark_accessed (v6.1 to v7.2): the "
                                              "first call marks a page as referenced, the second activates it; "
                                              "mm/filemap.c calls it once for reads of one page in a row by one descriptor"),
                   mglru=(REFUTED, f"mm/swap.c, folio_mark_accessed: {REFERENCES}")),
    instead="Don't read Active(file) as what is in use where MGLRU is on: pages that are read() many times stay in an old, "
            "“inactive” generation until reclaim looks at their references.")
SAME = Claim(
    INACTIVE, "With MGLRU a page just read with read() is on the inactive list as with the classic LRU.", PAGE_CACHE,
    known=(Known(CONFIRMED, "include/linux/mm_inline.h, lru_gen_add_folio: a page of a file that no fault brought in joins one "
                            "of the oldest generations (v6.1 to v7.2)", settings={"lru": "mglru"}),))


def read(words: str, times: int = 1, *, mapped: bool = False, advice: int = 0, asked_of_mglru: bool = False) -> Case:
    """Reads a file that is not cached so many times, after it was touched through a mapping if `mapped`."""
    def do(lab: Lab, at: str) -> None:
        if asked_of_mglru and lab.settings["lru"] != "mglru":
            lab.skip("the multi-generational LRU is off")
        box = lab.sandbox(at)
        probe, path = lab.probe(f"{at} probe", box), f"{lab.mount_disk()}/file"
        probe.close(probe.create_file(path, SIZE))
        lab.sync()
        lab.drop_caches(1)
        fd = probe.open(path, os.O_RDONLY).value
        lab.drain_lru()
        lab.sample(f"{at} before")
        if mapped:
            memory = probe.map(SIZE, shared=True, fd=fd, write=False).read()
        for _ in range(times):
            probe.read(fd, SIZE)
        if mapped and lab.settings["lru"] == "mglru":
            make_active(lab, box, memory)
        lab.drain_lru()
        if advice:
            memory.advise(advice)
            lab.drain_lru()
        lab.sample(f"{at} after")
    return Case(words, do)


def growth(counter: str) -> Callable[[str], Quantity]:
    return lambda at: Change(counter, f"{at} before", f"{at} after")


ALL, NONE = AtLeast(pages(SIZE) - LAG, "every page, but for those in a batch"), AtMost(LAG, "none but as many")
TOUCHED = read("of a file that was touched through a mapping and read twice", 2, mapped=True)
EXPERIMENT = table(
    Small(ACTIVATES, "growth of Active(file)", read("of a file that was read twice", 2), TOUCHED,
          read("of a file that was read once"), ALL, NONE, of=growth("meminfo:Active(file)"),
          says=f"Of a file of {SIZE // MIB} MiB that was read twice {{value}} pages were active."),
    Small(SAME, "growth of Inactive(file)", read("of a file that was read once", asked_of_mglru=True),
          read("of one that was touched and told to be cold", 0, mapped=True, advice=COLD), TOUCHED, ALL, NONE,
          of=growth("meminfo:Inactive(file)"),
          says=f"Of a file of {SIZE // MIB} MiB that was read once {{value}} pages were inactive."),
    axes={"lru": ("classic", "mglru")},
    besides=(Besides(ACTIVATES, Change("meminfo:Inactive(file)", f"{TWICE}.asked before", f"{TWICE}.asked after"), AtLeast(1),
                     "{value} were inactive."),),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), changes=("drop_caches", "mount")),
)
