"""Where does a heap block go that is freed below a live one: to the allocator only, or to the system, now or later?

A fresh process fills blocks of its heap and one live block above them, then frees the ones below. The heap's end is
asked for before and after, and the resident pages inside the blocks are counted before, right after, and again after
seven seconds in which the process goes on allocating and freeing. Memory from bare brk that is kept and that is given
back shows how both answers read.
"""

from __future__ import annotations

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Not, Premise, Quantity,
    Recorded, known_by,
)
from harness.lab import Lab, numbers
from harness.lab.helpers.heap import BlockPages, Blocks, in_heap

NO_HEAP = "this allocator takes none of these blocks from brk's heap (jemalloc(3), opt.dss: secondary to mmap)"
RETAINED = Claim(
    "free-heap-retained", "free of a heap block below a live block changes neither the heap's end nor the resident size: "
    "it goes back to the allocator only.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "glibc malloc/malloc.c, _int_free: only the top of the heap is trimmed (2.36)"),
        tcmalloc=(CONFIRMED, "gperftools docs/tcmalloc.html: TCMALLOC_AGGRESSIVE_DECOMMIT is off; measured with 2.10")))
LATER = Claim(
    "free-heap-returned-later", "Within 7 seconds in which the program goes on to allocate and free elsewhere, the "
    "allocator gives at least half of the memory freed below a live block back to the system, without being asked to.",
    ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(REFUTED, "mallopt(3), M_TRIM_THRESHOLD: free trims only the top of the heap; malloc_trim(3): all "
                        "else is given back when that is called"),
        jemalloc=(CONFIRMED, "jemalloc(3), opt.dirty_decay_ms: purged little by little over 10 s, 84 % of it by then; measured "
                             "with 5.3.0"),
        tcmalloc=(CONFIRMED, "gperftools docs/tcmalloc.html, TCMALLOC_RELEASE_RATE (1 by default); src/page_heap.cc, "
                             "IncrementalScavenge: one span for each 1,000 times its pages that are freed; measured with "
                             "2.10")),
    instead="With glibc call malloc_trim(0) after a phase that took much memory, or take large blocks from mmap(); jemalloc "
            "and tcmalloc give freed memory back by themselves as the program goes on.")
KEEPS_ALL = Claim(
    "malloc-fragment-keeps-all", "One live block at the end of the heap keeps everything below it resident after free.",
    ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "mallopt(3), M_TRIM_THRESHOLD: free trims only the top of the heap"),
        jemalloc=(REFUTED, "jemalloc(3), opt.dirty_decay_ms: pages are purged wherever they lie"),
        tcmalloc=(REFUTED, "gperftools src/page_heap.cc, IncrementalScavenge: spans are given back wherever they lie (2.10)")),
    instead="With glibc call malloc_trim(0), which gives back the pages below a live block too; jemalloc and tcmalloc give them "
            "back by themselves as the program goes on.")
SIZE, COUNT = 100 * KIB, 64
# The program goes on for so many seconds: jemalloc has purged 84 % of what was freed by then (its curve of decay over
# 10 s). Before and after each it allocates and frees small and large blocks: an allocator without a thread of its own does
# its work when it is called (to wait after the last call would change nothing), and tcmalloc counts what it takes back.
SECONDS, SMALL, LARGE, ROUNDS = 7, (5000, 88), (64, 512 * KIB), 50


def procedure(lab: Lab) -> None:
    blocks = Blocks(lab)
    below = blocks.malloc("below a live one", SIZE, COUNT, live=1).fill()
    kept, shrunk = (blocks.brk(name, 32 * MIB).fill() for name in ("kept", "shrunk"))
    probes = (below.probe, kept.probe, shrunk.probe)
    ends = {probe.name: probe.brk(0).value for probe in probes}
    blocks.sample("filled")
    below.free()
    shrunk.probe.sbrk(-shrunk.size)
    for probe in probes:
        lab.record(f"{probe.name}: end moved", probe.brk(0).value - ends[probe.name])
    blocks.sample("freed")
    for second in range(SECONDS + 1):
        if second:
            lab.sleep(1_000_000_000)
        for count, size in (SMALL, *[LARGE] * ROUNDS):
            below.probe.free_many(numbers(below.probe.malloc_many(count, size).text))
    blocks.sample("later")
    first, last = min(below.blocks), max(below.blocks)
    again = numbers(below.probe.malloc_many(COUNT, SIZE).text)
    lab.record("handed out again", sum(first <= block <= last for block in again))


def given_back(name: str, moment: str) -> Quantity:
    """Only pages that lie inside of a block: those at its ends hold the neighbours' bytes too."""
    return (BlockPages("filled", name, whole=True) - BlockPages(moment, name, whole=True)).called(
        f"pages of blocks “{name}” given back when {moment}")


def moved(name: str) -> Quantity:
    return Recorded(f"{name}: end moved", "bytes", title=f"bytes by which free moved the heap's end, “{name}”")


BELOW = "below a live one"
HALF = (BlockPages("filled", BELOW, whole=True) // 2).called("half of the pages of the blocks")
EXPERIMENT = Experiment(
    procedure,
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    version=5,
    guards=(Guard(BlockPages("filled", BELOW, "absent", whole=True), Exactly(0), "what was not there can't go back"),
            Guard(Recorded("handed out again", "blocks"), AtLeast(1), "what was not freed stays as well")),
    premises=(Premise(RETAINED, in_heap(BELOW, "filled"), AtLeast(1), NO_HEAP),),
    expects=(
        Expect(RETAINED, moved(BELOW), if_true=Exactly(0, "the end stays"), if_false=Not(0, "it moved"),
               reads_true=moved("kept"), reads_false=moved("shrunk"),
               says=f"free of {COUNT} blocks below a live one moved the heap's end {{value:±bytes up|bytes down|by nothing}}."),
        Expect(RETAINED, given_back(BELOW, "freed"),
               if_true=Exactly(0, "all stays resident"), if_false=AtLeast(1, "a page went back"),
               reads_true=given_back("kept", "freed"), reads_false=given_back("shrunk", "freed"),
               says="{value} pages of them went back to the system at once."),
        Expect(LATER, given_back(BELOW, "later"),
               if_true=AtLeast(HALF, "half and more; the program's other work may take 1 MiB of the 6 again, which counts as "
                                     "not given back"),
               if_false=AtMost(HALF - 1, "less than half of it"),
               reads_true=given_back("shrunk", "later"), reads_false=given_back("kept", "later"),
               says=f"{SECONDS} seconds of other work later {{value}} pages of them had gone back."),
        Expect(KEEPS_ALL, given_back(BELOW, "later"),
               if_true=Exactly(0, "everything below is still there"), if_false=AtLeast(1, "a page went back"),
               reads_true=given_back("kept", "later"), reads_false=given_back("shrunk", "later"),
               says=f"{SECONDS} seconds of other work after their free {{value}} pages of blocks below a live one had gone "
                    "back."),
    ),
)
