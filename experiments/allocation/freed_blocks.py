"""Where does memory go that a program frees: back to the system, at once, later, or not?

Fresh processes fill heap memory and large blocks served by mmap, and free them: large blocks, small ones below a live
block, small ones at the top of the heap. Resident pages inside the blocks are counted before the free, right after
it, and after 12 seconds in which the process goes on allocating and freeing. The heap's end is asked for as well.
Memory from bare brk that is kept and that is given back shows how both answers read.
"""

from __future__ import annotations

from experiments.sections import ALLOCATION
from harness.blocks import BlockPages, record_blocks
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known, Not
from harness.needs import KIB, MIB
from harness.operations import numbers
from harness.procedure import Lab, Probe, Region
from harness.quantities import Quantity, Recorded, pages

LARGE, BLOCK, COUNT = 32 * MIB, 100 * KIB, 64
MAPPED_BLOCKS = {"1 MiB": 1 * MIB, "32 MiB": 32 * MIB}      # allocators treat the two unlike each other
TRIM = 128 * KIB            # M_TRIM_THRESHOLD and M_TOP_PAD of glibc, mallopt(3)
# Seconds (jemalloc lets freed memory age for 10); small blocks that the program uses in each, and one large one: an
# allocator without a thread of its own does its work when it is called.
LATER, WORK = 12, 5000
JEMALLOC, TCMALLOC = "measured with jemalloc 5.3.0: ", "measured with gperftools' tcmalloc 2.10: "
# gperftools' tcmalloc asks brk first; this is the documented way to have it ask mmap.
MAPPED = {"TCMALLOC_SKIP_SBRK": "true"}

MMAP_UNMAPS = Claim(
    "free-mmap-unmaps", "free of an mmap-served block gives it back to the system at once.", ALLOCATION,
    known=(Known(CONFIRMED, "glibc malloc/malloc.c, munmap_chunk (2.36)", settings={"malloc": "glibc"}),
           Known(REFUTED, JEMALLOC + "what is below oversize_threshold (8 MiB) ages for 10 s",
                 settings={"malloc": "jemalloc"}),
           Known(REFUTED, TCMALLOC + "it stays in the page heap",
                 settings={"malloc": "tcmalloc"})))
RETAINED = Claim(
    "free-heap-retained", "free of a heap block below a live block changes neither the heap's end nor the resident size: "
    "it goes back to the allocator only.", ALLOCATION,
    known=(Known(CONFIRMED, "glibc malloc/malloc.c, _int_free: only the top of the heap is trimmed (2.36)",
                 settings={"malloc": "glibc"}),
           Known(CONFIRMED, JEMALLOC + "it ages for 10 s (dirty_decay_ms)",
                 settings={"malloc": "jemalloc"}),
           Known(CONFIRMED, TCMALLOC + "it stays in tcmalloc's own lists",
                 settings={"malloc": "tcmalloc"})))
RETURNED_LATER = Claim(
    "free-heap-returned-later", "The allocator gives such freed memory back to the system later, without being asked to.",
    ALLOCATION,
    known=(Known(REFUTED, "malloc_trim(3): free trims only the top of the heap, all else is given back when that is "
                          "called", settings={"malloc": "glibc"}),
           Known(CONFIRMED, JEMALLOC + "purged once dirty_decay_ms, 10 s, have passed",
                 settings={"malloc": "jemalloc"}),
           Known(REFUTED, TCMALLOC + "such blocks stay in its lists",
                 settings={"malloc": "tcmalloc"})))
TOP_TRIMMED = Claim(
    "free-heap-top-trimmed", "free of more than the trim threshold at the end of the heap gives it back to the system at "
    "once.", ALLOCATION,
    known=(Known(CONFIRMED, "mallopt(3), M_TRIM_THRESHOLD; M_TOP_PAD of it stays", settings={"malloc": "glibc"}),
           Known(REFUTED, JEMALLOC + "it has no heap by brk, and freed memory ages for 10 s",
                 settings={"malloc": "jemalloc"}),
           Known(REFUTED, TCMALLOC + "it moves the heap's end up only",
                 settings={"malloc": "tcmalloc"})))


def procedure(lab: Lab) -> None:
    regions: dict[str, Region] = {}
    ends: dict[str, list[int]] = {}

    def fresh(name: str, mapped: bool = False) -> Probe:
        return lab.probe(name, environment=MAPPED if mapped else None)

    def blocks(name: str, live: int) -> tuple[Probe, tuple[int, ...]]:
        """A process with its heap full of blocks: all but the last `live` ones are those to be freed."""
        probe = fresh(name)
        made = numbers(probe.malloc_many(COUNT + live, BLOCK).text)
        for block in made:
            probe.fill(block, BLOCK)
        regions[name] = record_blocks(lab, name, probe, made[:COUNT], BLOCK)
        return probe, made[:COUNT]

    mapped: dict[str, tuple[Probe, int]] = {}
    for name, size in MAPPED_BLOCKS.items():
        probe = fresh(name, mapped=True)
        mapped[name] = probe, probe.malloc(size).value
        probe.fill(mapped[name][1], size)
        regions[name] = record_blocks(lab, name, probe, [mapped[name][1]], size)
    below, inner = blocks("below a live one", live=1)
    top, outer = blocks("at the top", live=0)
    kept, shrunk = fresh("kept"), fresh("shrunk")
    for probe in (kept, shrunk):
        region = probe.region(probe.sbrk(LARGE).value, LARGE).fill()
        regions[probe.name] = record_blocks(lab, probe.name, probe, [region.address], LARGE)
    probes = (below, kept, shrunk)
    for probe in probes:
        ends[probe.name] = [probe.brk(0).value]
    lab.sample("filled", pages=regions)
    for probe, block in mapped.values():
        probe.free(block)
    below.free_many(inner)
    top.free_many(outer)
    shrunk.sbrk(-LARGE)
    for probe in probes:
        lab.record(f"{probe.name}: end moved", probe.brk(0).value - ends[probe.name][0])
    lab.sample("freed", pages=regions)
    for _ in range(LATER):
        below.free_many(numbers(below.malloc_many(WORK, 88).text))
        below.free(below.malloc(512 * KIB).value)
        lab.hand.sleep(1_000_000_000)
    lab.sample("later", pages=regions)


def held(name: str, moment: str = "freed") -> Quantity:
    """Only pages that lie inside of a block: those at its ends hold the neighbours' bytes too."""
    return BlockPages(moment, name, whole=True).called(f"resident pages of blocks “{name}” when {moment}")


def given_back(name: str, moment: str) -> Quantity:
    return (BlockPages("filled", name, whole=True) - BlockPages(moment, name, whole=True)).called(
        f"pages of blocks “{name}” given back when {moment}")


def moved(name: str) -> Quantity:
    return Recorded(f"{name}: end moved", "bytes", title=f"bytes by which free moved the heap's end, “{name}”")


EXPERIMENT = Experiment(
    procedure,
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    expects=(
        *(Expect(MMAP_UNMAPS, held(name), if_true=Exactly(0, "all of it"), if_false=AtLeast(1, "a page was kept"),
                 reads_true=held("shrunk"), reads_false=held("kept"),
                 says=f"Of malloc({name}), filled and freed, {{value}} pages were still there.")
          for name in MAPPED_BLOCKS),
        Expect(RETAINED, moved("below a live one"),
               if_true=Exactly(0, "the end stays"), if_false=Not(0, "it moved"),
               reads_true=moved("kept"), reads_false=moved("shrunk"),
               says="free of 64 blocks below a live one moved the heap's end by {value} bytes."),
        Expect(RETAINED, given_back("below a live one", "freed"),
               if_true=Exactly(0, "all stays resident"), if_false=AtLeast(1, "a page went back"),
               reads_true=given_back("kept", "freed"), reads_false=given_back("shrunk", "freed"),
               says="{value} pages of them went back to the system at once."),
        Expect(RETURNED_LATER, given_back("below a live one", "later"),
               if_true=AtLeast(held("below a live one", "filled") // 2,
                               "half and more: the program's other work may reuse 1 MiB of the 6 at most"),
               if_false=Exactly(0, "none of it"),
               reads_true=given_back("shrunk", "later"), reads_false=given_back("kept", "later"),
               says=f"{LATER} seconds of other work later {{value}} pages of them had gone back."),
        Expect(TOP_TRIMMED, held("at the top"),
               if_true=AtMost(pages(TRIM) + 1, "M_TOP_PAD stays at the end, from the middle of a page"),
               if_false=AtLeast(pages(TRIM) + 2, "more than that was kept"),
               reads_true=held("shrunk"), reads_false=held("kept"),
               says="Of 64 blocks freed at the heap's end, {value} pages were still there ({bound} may stay)."),
    ),
)
