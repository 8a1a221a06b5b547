"""What do malloc_trim, MALLOC_ARENA_MAX and M_MMAP_THRESHOLD do with glibc's malloc?

Fresh processes of glibc's allocator fill and free blocks of 100 KiB below a live one, and call malloc_trim(0); the pages that
lie wholly inside of blocks are counted. A thread allocates with one arena allowed; blocks are freed that move the threshold of
mmap. The mappings of the process tell where a block lies. Memory that is given back by hand, or not at all, and processes
without the setting show how the answers read.
"""

from collections.abc import Sequence

from experiments.sections import MALLOC
from harness.claims import CONFIRMED, KIB, MIB, REFUTED, AtLeast, Case, Claim, Exactly, Known, Needs, Quantity, Small, table
from harness.lab import DONTNEED, Lab, numbers
from harness.lab.helpers.heap import BlockPages, Blocks

SIZE, COUNT, M_MMAP_THRESHOLD = 100 * KIB, 64, -3       # malloc.h
PAGES = "(man-pages 6.03)"

MIDDLE = Claim(
    "malloc-trim-middle", "malloc_trim(0) gives free pages below live blocks back too (glibc 2.8+).", MALLOC,
    known=(Known(CONFIRMED, f"malloc_trim(3), NOTES {PAGES}: since glibc 2.8 all chunks with whole free pages"),))
TOP_ONLY = Claim(
    "malloc-trim-top-only", "malloc_trim only lowers the heap's end.", MALLOC,
    known=(Known(REFUTED, f"malloc_trim(3), NOTES {PAGES}: only before glibc 2.8"),),
    instead="Call malloc_trim(0) after a phase that took much memory, live blocks or not: since glibc 2.8 it gives back every "
            "whole "
            "free page of every arena.")
ONE_ARENA = Claim(
    "malloc-arena-max-1", "With MALLOC_ARENA_MAX=1 all threads allocate from the main heap.", MALLOC,
    known=(Known(CONFIRMED, f"mallopt(3), M_ARENA_MAX {PAGES}"),))
AT_MOST = Claim(
    "malloc-threshold-dynamic-32m", "The mmap threshold never rises above 32 MiB.", MALLOC,
    known=(Known(CONFIRMED,
                 f"mallopt(3), M_MMAP_THRESHOLD {PAGES}: DEFAULT_MMAP_THRESHOLD_MAX, 4*1024*1024*sizeof(long) on 64-bit "
                            "systems"),))
FIXED_BY = Claim(
    "malloc-threshold-set-fixes", "Setting M_MMAP_THRESHOLD switches the rise of the threshold off.", MALLOC,
    known=(Known(CONFIRMED, f"mallopt(3), M_MMAP_THRESHOLD {PAGES}: dynamic adjustment is disabled if it is set"),))


def freed(words: str, *, trim: bool = False, by_hand: bool = False) -> Case:
    """Samples the pages of blocks below a live one after they were freed."""
    def do(lab: Lab, at: str) -> None:
        blocks = Blocks(lab)
        lot = blocks.malloc(at, SIZE, COUNT, live=1).fill()
        lot.free()
        if trim:
            lot.probe.malloc_trim(0)
        if by_hand:
            page, first, behind = lab.page_size, min(lot.blocks), max(lot.blocks) + SIZE
            start = -(-first // page) * page
            lot.probe.madvise(start, behind // page * page - start, DONTNEED)
        blocks.sample(at)
    return Case(words, do)


def given_back(at: str) -> Quantity:
    return BlockPages(at, at, "absent", whole=True)


def in_main_heap(words: str, *, thread: bool, arenas: str = "") -> Case:
    """Records 1 if a block lies in the heap that brk has made."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at, environment={"MALLOC_ARENA_MAX": arenas} if arenas else None)
        made = probe.malloc_on_thread(1, SIZE) if thread else probe.malloc_many(1, SIZE)
        block = numbers(made.text)[0]
        lab.record(at, int(any(one.path == "[heap]" and one.covers(block) for one in lab.mappings(probe))))
    return Case(words, do)


def by_mmap(words: str, size: int, *, before: Sequence[int] = (), threshold: int | None = None) -> Case:
    """Records 1 if a block does not lie in the heap. before: sizes that the process allocates and frees first."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        if threshold is not None:
            probe.mallopt(M_MMAP_THRESHOLD, threshold)
        for one in before:
            probe.free(probe.malloc(one).value)
        block = probe.malloc(size).value
        lab.record(at, int(not any(one.path == "[heap]" and one.covers(block) for one in lab.mappings(probe))))
    return Case(words, do)


TRIMMED, LEFT = freed("after free and malloc_trim(0)", trim=True), freed("after free")
BY_HAND = freed("after free and MADV_DONTNEED", by_hand=True)
ONE, NONE = Exactly(1, "it does"), Exactly(0, "it does not")
RISEN = by_mmap("of 512 KiB after free of 1 MiB", 512 * KIB, before=(MIB,))
EXPERIMENT = table(
    Small(MIDDLE, "pages given back", TRIMMED, BY_HAND, LEFT, AtLeast(1, "some below the live block"),
          Exactly(0, "none below it"),
          of=given_back, unit="pages",
          says=f"Of {COUNT} freed blocks of 100 KiB below a live one malloc_trim(0) gave {{value}} pages back."),
    Small(TOP_ONLY, "pages given back below a live block", TRIMMED, LEFT, BY_HAND, Exactly(0, "none below it"),
          AtLeast(1, "some below it"),
          of=given_back, unit="pages", says="malloc_trim(0) gave {value} pages back below a live block."),
    Small(ONE_ARENA, "blocks in the main heap", in_main_heap("of a thread with MALLOC_ARENA_MAX=1", thread=True, arenas="1"),
          in_main_heap("of the main thread", thread=False), in_main_heap("of a thread", thread=True), ONE, NONE, unit="blocks",
          says="With MALLOC_ARENA_MAX=1 a thread's block was {value:in|not in} the main heap."),
    Small(AT_MOST, "blocks by mmap", by_mmap("of 33 MiB after free of 31, 32, 33 and 64 MiB", 33 * MIB,
                                             before=[size * MIB for size in (31, 32, 33, 64)]),
          by_mmap("of 33 MiB", 33 * MIB), RISEN, ONE, NONE, unit="blocks",
          says="After larger blocks were freed malloc(33 MiB) was {value:of mmap|of the heap}."),
    Small(FIXED_BY, "blocks by mmap", by_mmap("of 512 KiB after M_MMAP_THRESHOLD and free of 1 MiB", 512 * KIB, before=(MIB,),
                                              threshold=128 * KIB),
          by_mmap("of 512 KiB", 512 * KIB), RISEN, ONE, NONE, unit="blocks",
          says="With M_MMAP_THRESHOLD set malloc(512 KiB) was {value:of mmap|of the heap} after free of 1 MiB."),
    needs=Needs(disks=()),
)
