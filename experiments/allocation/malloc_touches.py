"""Is what malloc hands out there before the program touches it?

Fresh processes ask malloc for chunks of 100 KiB, for chunks of 88 bytes, and for one block of 32 MiB, and touch none
of it. The page table tells for every page with a byte of such a block whether it is there. Memory from bare brk, once
untouched and once filled, shows how both answers read.
"""

from __future__ import annotations

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Quantity, known_by,
)
from harness.lab import Lab
from harness.lab.helpers.heap import BlockPages, Blocks, in_heap

JEMALLOC = "jemalloc 5.3.0: its records of blocks lie apart from them (slab bitmaps, extents); measured"
LARGE_LAZY = Claim(
    "malloc-large-lazy", "What mmap-served malloc returns is virtual: before the first touch at most one page of it is "
    "resident.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "glibc malloc/malloc.c, sysmalloc_mmap: it writes the chunk's size and nothing else (2.36)"),
        jemalloc=(CONFIRMED, JEMALLOC),
        tcmalloc=(CONFIRMED, "gperftools docs/tcmalloc.html: spans are recorded apart from them; measured with 2.10")))
TOUCHES_ALL = Claim(
    "malloc-slicing-touches-all", "Because the allocator cuts heap memory into chunks, all heap memory that malloc hands "
    "out is already physical (chunks of 100 KiB).", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(REFUTED, "glibc malloc/malloc.c, struct malloc_chunk: a chunk's size stands in the word before it, so "
                        "cutting touches one page in 25 (2.36)"),
        jemalloc=(REFUTED, JEMALLOC),
        tcmalloc=(REFUTED, "gperftools src/central_freelist.cc, Populate: a link in the first word of each free chunk; "
                           "measured with 2.10")),
    instead="What malloc returns is not resident until it is written. Touch every page, or call mlockall(MCL_CURRENT | "
            "MCL_FUTURE), to have the page faults beforehand.")
TOUCHES_SMALL = Claim(
    "malloc-slicing-touches-small", "Heap memory that malloc hands out in chunks of 88 bytes is all physical before the "
    "program touches it.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "glibc malloc/malloc.c, struct malloc_chunk: a size every 96 bytes, so each page has some "
                          "(2.36)"),
        jemalloc=(REFUTED, JEMALLOC),
        tcmalloc=(CONFIRMED, "gperftools src/central_freelist.cc, Populate: the free chunks of a span are linked "
                             "through their first words; measured with 2.10")),
    instead="Where an allocator keeps its records decides it: glibc and gperftools' tcmalloc write them beside small blocks, "
            "jemalloc writes them elsewhere. Measure VmRSS once the program has written its data.")
LARGE = 32 * MIB
CHUNKS = {"100 KiB": (100 * KIB, 16 * MIB), "88 bytes": (88, 2 * MIB)}      # size of one, of all together


def procedure(lab: Lab) -> None:
    blocks = Blocks(lab)
    for name, (size, total) in CHUNKS.items():
        blocks.malloc(name, size, total // size)
    blocks.malloc("large", LARGE, by_mmap=True)
    blocks.malloc("large, filled", LARGE, by_mmap=True).fill()
    blocks.brk("brk", 16 * MIB)
    blocks.brk("brk, filled", 16 * MIB).fill()
    blocks.sample("handed out")


def there(label: str, title: str) -> Quantity:
    return BlockPages("handed out", label).called(f"resident pages of {title}")


def absent(label: str, title: str) -> Quantity:
    return BlockPages("handed out", label, "absent").called(f"pages of {title} that are not there")


def sliced(claim: Claim, name: str) -> Expect:
    return Expect(claim, absent(name, f"chunks of {name}, untouched"),
                  if_true=Exactly(0, "“all”: every page with a byte of a chunk"),
                  if_false=AtLeast(1, "one page that is not there is enough"),
                  reads_true=absent("brk, filled", "16 MiB from brk, filled"),
                  reads_false=absent("brk", "16 MiB from brk, untouched"),
                  says=f"Of what malloc handed out in chunks of {name}, {{value}} pages were missing.")


EXPERIMENT = Experiment(
    procedure,
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    version=2,
    guards=(Guard(in_heap("large", "handed out"), Exactly(0), "the claim is about blocks that mmap served"),),
    expects=(
        Expect(LARGE_LAZY, there("large", f"malloc({LARGE // MIB} MiB), untouched"),
               if_true=AtMost(1, "the claim's own number: the page with the allocator's header"),
               if_false=AtLeast(2, "more than that page"),
               reads_true=there("brk", "16 MiB from brk, untouched"),
               reads_false=there("large, filled", f"malloc({LARGE // MIB} MiB), filled"),
               says=f"Of malloc({LARGE // MIB} MiB) {{value}} pages were resident before the first touch."),
        sliced(TOUCHES_ALL, "100 KiB"),
        sliced(TOUCHES_SMALL, "88 bytes"),
    ),
)
