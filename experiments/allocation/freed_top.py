"""Does free give memory at the end of the heap back to the system at once?

A fresh process fills blocks until the heap's end and frees them all, which is far more than the trim threshold.
Resident pages that lie wholly inside the blocks are counted before and right after. Memory from bare brk, kept in one
process and given back in another, shows how both answers read.
"""

from __future__ import annotations

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Premise, known_by, pages,
)
from harness.lab import Lab
from harness.lab.helpers.heap import BlockPages, Blocks, held, in_heap

NO_HEAP = "this allocator takes none of these blocks from brk's heap (jemalloc(3), opt.dss: secondary to mmap)"
TRIMMED = Claim(
    "free-heap-top-trimmed", "free of more than the trim threshold at the end of the heap gives it back to the system at "
    "once.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "mallopt(3), M_TRIM_THRESHOLD; M_TOP_PAD of it stays (glibc malloc/malloc.c, systrim, 2.36)"),
        tcmalloc=(REFUTED, "gperftools src/system-alloc.cc: it moves the heap's end up only; measured with 2.10")),
    instead="tcmalloc never moves the end of the heap down: it gives pages back with madvise(), later, or when "
            "MallocExtension::instance()->ReleaseFreeMemory() is called.")
BLOCK, COUNT = 100 * KIB, 64
TRIM = 128 * KIB            # M_TRIM_THRESHOLD and M_TOP_PAD of glibc, mallopt(3)


def procedure(lab: Lab) -> None:
    blocks = Blocks(lab)
    top = blocks.malloc("at the top", BLOCK, COUNT).fill()
    blocks.free([top], 8 * MIB)


EXPERIMENT = Experiment(
    procedure,
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    version=2,
    guards=(Guard(BlockPages("filled", "at the top", "absent", whole=True), Exactly(0), "what was not there can't go "
                  "back"),),
    premises=(Premise(TRIMMED, in_heap("at the top", "filled"), AtLeast(1), NO_HEAP),),
    expects=(Expect(
        TRIMMED, held("at the top"),
        if_true=AtMost(pages(TRIM) + 1, "M_TOP_PAD stays at the end, from the middle of a page"),
        if_false=AtLeast(pages(TRIM) + 2, "more than that was kept"),
        reads_true=held("shrunk"), reads_false=held("kept"),
        says=f"Of {COUNT} blocks freed at the heap's end, {{value}} pages were still there ({{bound}} may stay)."),),
)
