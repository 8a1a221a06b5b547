"""How many pages does one isolation step of reclaim take off a list?

A group with a file and anonymous memory of 32 MiB each is squeezed to 12 MiB while the kernel's tracepoint of the
isolation step is recorded: each event says how many pages were taken. The largest number counts; for how many was
asked is no evidence, 6.12's MGLRU prints a constant there. A group that has 16 pages of a file, and one whose memory is huge
pages, are squeezed and traced in the same way: they show how a small and a large step read.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Claim, Derived, Expect, Experiment, Guard, Known, Needs, Quantity, Recording, Within,
    of_small_pages, trace_events,
)
from harness.lab import HUGEPAGE, Lab, Region

SIZE, LEFT, BATCH, FEW = 32 * MIB, 12 * MIB, 32, 16
HUGE, HUGE_LEFT = 16 * MIB, 4 * MIB
ISOLATE, THP = "vmscan:mm_vmscan_lru_isolate", "/sys/kernel/mm/transparent_hugepage/enabled"

CLUSTER = Claim(
    "reclaim-batch-32", "One isolation step of reclaim takes at most 32 pages off a list that has no huge page.", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, isolate_lru_folios: it takes a folio whole, whatever is left of the batch (v6.12, v7.2); "
                          "fs/ext4/inode.c, ext4_set_inode_mapping_order: files have large folios since 6.16 (v7.2); measured "
                          "on 7.2: 512 pages", since="6.16", settings={"lru": "classic"}),
           Known(CONFIRMED, "mm/vmscan.c, shrink_lruvec: it asks for SWAP_CLUSTER_MAX pages at most (include/linux/swap.h, "
                            "SWAP_CLUSTER_MAX; v5.10 to v7.2); more are taken only where a large folio begins among the last",
                 settings={"lru": "classic"}),
           Known(REFUTED, "mm/vmscan.c, scan_folios: it stops once it has isolated MIN_LRU_BATCH pages, as many as a word has "
                          "bits (include/linux/mmzone.h, MIN_LRU_BATCH; v6.1 to v7.2); its tracepoint prints MAX_LRU_BATCH as "
                          "what was asked for, a bound of what it looks at (v6.12)",
                 settings={"lru": "mglru"})),
    instead="Count on folios, not on 32 pages: a large folio is taken off its list whole, and MGLRU works in steps of 64 "
            "pages.")


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    lab.swapon()
    box = lab.sandbox()
    probe = lab.probe(sandbox=box)
    file = probe.create_file(f"{disk}/file", SIZE)
    lab.sync()
    lab.drop_caches(1)
    probe.read(file, SIZE)              # by readahead, in folios as large as the file system has them
    probe.map(SIZE).fill()
    with lab.trace("squeeze", ISOLATE) as found:
        box.set("memory.max", str(LEFT))
    if not trace_events.parse(found[0]):
        lab.skip("this kernel does not trace the isolation steps of its multi-generational LRU")

    small = lab.sandbox("small")
    reader = lab.probe("reader", small)
    reader.read(reader.create_file(f"{disk}/few", FEW * lab.page_size), FEW * lab.page_size)
    lab.sync()
    reader.end()
    lab.drain_lru()
    with lab.trace("few", ISOLATE):
        small.set("memory.high", "0")

    large = lab.sandbox("large")
    lab.write(THP, "madvise")
    region: Region = lab.probe("huge", large).map(HUGE)
    region.probe.madvise(region.address, HUGE, HUGEPAGE)
    region.fill()
    with lab.trace("huge", ISOLATE):
        large.set("memory.max", str(HUGE_LEFT))
    lab.write(THP, "never")


def largest(trace: str, what: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        found = trace_events.events(recording, trace)
        return max((event.number("nr_taken") for event in found), default=None) if found else None
    return Derived(what, read, "pages")


def steps(recording: Recording) -> int | None:
    found = trace_events.events(recording, "squeeze")
    return None if found is None else sum(event.number("nr_taken") > 0 for event in found)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(files=(THP,), changes=("mount", "swap", "thp", "drop_caches")),
    writes=("thp",),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=2,
    premises=(of_small_pages(CLUSTER),),            # the group of huge pages is smaller than one where pages have 16 KiB
    guards=(Guard(Derived("steps that took pages", steps, "steps"), AtLeast(10), "“at most” of a few says little"),),
    expects=(Expect(
        CLUSTER, largest("squeeze", "most pages that a step of reclaim took"),
        if_true=Within(1, BATCH, "the claim's number"), if_false=AtLeast(BATCH + 1, "one step that takes more"),
        reads_true=largest("few", f"most pages that a step took in a group that has {FEW}"),
        reads_false=largest("huge", "most pages that a step took in a group of huge pages"),
        says="The largest step of reclaim took {value} pages."),),
)
