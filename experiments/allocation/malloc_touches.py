"""Is what malloc hands out there before the program touches it?

Fresh processes ask malloc for chunks of 100 KiB, for chunks of 88 bytes, and for one block of 64 MiB, and touch none
of it. The page table tells for every page with a byte of such a block whether it is there. Memory from bare brk, once
untouched and once filled, shows how both answers read.
"""

from __future__ import annotations

from experiments.sections import ALLOCATION
from harness.blocks import BlockPages, record_blocks
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.needs import KIB, MIB
from harness.operations import numbers
from harness.procedure import Lab, Region
from harness.quantities import Quantity, mappings

LARGE = 64 * MIB
JEMALLOC, TCMALLOC = "measured with jemalloc 5.3.0: ", "measured with gperftools' tcmalloc 2.10: "
CHUNKS = {"100 KiB": (100 * KIB, 16 * MIB), "88 bytes": (88, 2 * MIB)}      # size of one, of all together
# gperftools' tcmalloc asks brk first; this is the documented way to have it ask mmap.
MAPPED = {"TCMALLOC_SKIP_SBRK": "true"}

LARGE_LAZY = Claim(
    "malloc-large-lazy", "What mmap-served malloc returns is virtual: before the first touch at most one page of it is "
    "resident.", ALLOCATION,
    known=(Known(CONFIRMED, "glibc malloc/malloc.c, sysmalloc_mmap: it writes the chunk's size and nothing else (2.36)",
                 settings={"malloc": "glibc"}),
           Known(CONFIRMED, JEMALLOC + "what it notes of a block stands elsewhere",
                 settings={"malloc": "jemalloc"}),
           Known(CONFIRMED, TCMALLOC + "what it notes of a block stands elsewhere",
                 settings={"malloc": "tcmalloc"})))
TOUCHES_ALL = Claim(
    "malloc-slicing-touches-all", "Because the allocator cuts heap memory into chunks, all heap memory that malloc hands "
    "out is already physical (chunks of 100 KiB).", ALLOCATION,
    known=(Known(REFUTED, "glibc malloc/malloc.c: a chunk's size stands in the word before it, so cutting touches one "
                          "page in 25 (2.36)", settings={"malloc": "glibc"}),
           Known(REFUTED, JEMALLOC + "what it notes of a block stands elsewhere",
                 settings={"malloc": "jemalloc"}),
           Known(REFUTED, TCMALLOC + "a list's link in each free chunk at most",
                 settings={"malloc": "tcmalloc"})))
TOUCHES_SMALL = Claim(
    "malloc-slicing-touches-small", "Heap memory that malloc hands out in chunks of 88 bytes is all physical before the "
    "program touches it.", ALLOCATION,
    known=(Known(CONFIRMED, "glibc malloc/malloc.c: a size every 96 bytes, so each page has some (2.36)",
                 settings={"malloc": "glibc"}),
           Known(REFUTED, JEMALLOC + "what it notes of a block stands elsewhere",
                 settings={"malloc": "jemalloc"}),
           Known(CONFIRMED, TCMALLOC + "free chunks of a size are linked through their first words",
                 settings={"malloc": "tcmalloc"})))


def procedure(lab: Lab) -> None:
    regions: dict[str, Region] = {}

    def handed_out(name: str, blocks: tuple[int, ...], size: int) -> None:
        regions[name] = record_blocks(lab, name, probe, blocks, size)

    for name, (size, total) in CHUNKS.items():
        probe = lab.probe(name)
        handed_out(name, numbers(probe.malloc_many(total // size, size).text), size)
    for name in ("large", "large, filled"):
        probe = lab.probe(name, environment=MAPPED)
        block = probe.malloc(LARGE).value
        handed_out(name, (block,), LARGE)
    probe.fill(block, LARGE)
    probe = lab.probe("brk")
    for name in ("brk", "brk, filled"):
        handed_out(name, (probe.sbrk(16 * MIB).value,), 16 * MIB)
    regions["brk, filled"].fill()
    lab.sample("handed out", pages=regions)


def absent(label: str, title: str) -> Quantity:
    return BlockPages("handed out", label, "absent").called(f"pages of {title} that are not there")


def in_heap(label: str) -> Quantity:
    """Blocks of a label that lie in the mapping that brk made."""
    return mappings(label, "handed out", lambda recording, mapping: mapping.path == "[heap]" and any(
        mapping.covers(block) for block in recording.records[label]["blocks"]), f"heap mappings that hold {label}")


def sliced(claim: Claim, name: str) -> Expect:
    return Expect(claim, absent(name, f"chunks of {name}, untouched"),
                  if_true=Exactly(0, "“all”: every page with a byte of a chunk"),
                  if_false=AtLeast(1, "one page that is not there is enough"),
                  reads_true=absent("brk, filled", "16 MiB from brk, filled"),
                  reads_false=absent("brk", "16 MiB from brk, untouched"),
                  says=f"Of what malloc handed out in chunks of {name}, {{value}} pages were not there.")


EXPERIMENT = Experiment(
    procedure,
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    guards=(Guard(in_heap("large"), Exactly(0), "the claim is about blocks that mmap served"),),
    expects=(
        Expect(LARGE_LAZY, BlockPages("handed out", "large").called("resident pages of malloc(64 MiB), untouched"),
               if_true=AtMost(1, "the claim's own number: the page with the allocator's header"),
               if_false=AtLeast(2, "more than that page"),
               reads_true=BlockPages("handed out", "brk").called("the same of 16 MiB from brk, untouched"),
               reads_false=BlockPages("handed out", "large, filled").called("the same of malloc(64 MiB), filled"),
               says="Of malloc(64 MiB) {value} pages were resident before the first touch."),
        sliced(TOUCHES_ALL, "100 KiB"),
        sliced(TOUCHES_SMALL, "88 bytes"),
    ),
)
