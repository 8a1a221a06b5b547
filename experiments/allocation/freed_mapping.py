"""Does free give a block that mmap served back to the system at once?

Fresh processes get blocks of 1 and of 32 MiB from malloc, each served by a mapping of its own, fill them and free
them. Resident pages that lie wholly inside the blocks are counted before and right after. Memory from bare brk, kept
in one process and given back in another, shows how both answers read.
"""

from __future__ import annotations

from experiments.sections import ALLOCATION
from harness.claims import CONFIRMED, MIB, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Guard, known_by
from harness.lab import Lab
from harness.lab.helpers.heap import BlockPages, Blocks, held, in_heap

UNMAPS = Claim(
    "free-mmap-unmaps", "free of an mmap-served block gives it back to the system at once.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "glibc malloc/malloc.c, munmap_chunk (2.36); mallopt(3), M_MMAP_THRESHOLD"),
        jemalloc=(REFUTED, "jemalloc(3), opt.dirty_decay_ms: freed pages age for 10 s; only what is larger than "
                           "opt.oversize_threshold (8 MiB) goes at once; measured with 5.3.0"),
        tcmalloc=(REFUTED, "gperftools src/page_heap.cc, PageHeap::Delete: the span stays in the page heap; measured "
                           "with 2.10")),
    instead="With jemalloc and tcmalloc expect freed blocks to stay for a while. Where they must go at once: "
            "MALLOC_CONF=dirty_decay_ms:0 for jemalloc, MallocExtension::instance()->ReleaseFreeMemory() for tcmalloc.")
SIZES = {"1 MiB": 1 * MIB, "32 MiB": 32 * MIB}      # allocators treat the two unlike each other


def procedure(lab: Lab) -> None:
    blocks = Blocks(lab)
    mapped = [blocks.malloc(name, size, by_mmap=True).fill() for name, size in SIZES.items()]
    blocks.free(mapped, 32 * MIB)


EXPERIMENT = Experiment(
    procedure,
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    guards=(*(Guard(in_heap(name, "filled"), Exactly(0), "the claim is about blocks that mmap served")
              for name in SIZES),
            *(Guard(BlockPages("filled", name, "absent", whole=True), Exactly(0), "what was not there can't be given "
                    "back") for name in SIZES)),
    expects=tuple(
        Expect(UNMAPS, held(name), if_true=Exactly(0, "all of it"), if_false=AtLeast(1, "a page was kept"),
               reads_true=held("shrunk"), reads_false=held("kept"),
               says=f"Of malloc({name}), filled and freed, {{value}} pages were still there.")
        for name in SIZES),
)
