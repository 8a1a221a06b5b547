"""What do calloc, realloc, an arena, a refusal and the smallest block look like, with the allocators that programs use?

Fresh processes allocate, with glibc's, jemalloc's or tcmalloc's functions, and the pages, addresses and sizes that come of it
are read: resident pages of a calloc, frames before and after a realloc, VmSize and RSS around a thread's first malloc, errno of
requests that the kernel refuses. Memory from mmap and brk, which has no allocator, shows how the answers read.
"""

from collections.abc import Callable
from itertools import pairwise

from experiments.sections import MALLOC
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Errno, Exactly, Known, Needs, Not, Outside, Pages, Quantity,
    SameFrames, Settings, Small, Within, known_by, pages, table,
)
from harness.lab import RLIMIT_AS, Lab, Probe, Region, numbers
from harness.lab.helpers.heap import BY_MMAP

LARGE, BLOCK, ARENA, COUNT = 64 * MIB, 16 * MIB, 64 * MIB, 100
GPERFTOOLS, JEMALLOC = "gperftools src/tcmalloc.cc", "jemalloc(3) 5.3.0"

CALLOC = Claim(
    "calloc-touches", "calloc of 64 MiB makes it all resident.", MALLOC,
    known=known_by("malloc",
                   glibc=(REFUTED, "glibc malloc/malloc.c, __libc_calloc: what mmap gave is zero already (2.36)"),
                   jemalloc=(REFUTED, f"{JEMALLOC}: fresh memory from mmap is zero already"),
                   tcmalloc=(CONFIRMED, f"{GPERFTOOLS}, do_calloc: memset, wherever the memory is from (2.10)")),
    instead="Touch what must be resident: with glibc and jemalloc a large calloc() is fresh memory from the kernel, zero "
            "without a "
            "page. Only gperftools' tcmalloc writes the zeros.")
REALLOC = Claim(
    "realloc-copies", "Growing a large (mmap-served) block from 16 to 32 MiB in a fresh process copies its pages.", MALLOC,
    known=known_by("malloc",
                   glibc=(REFUTED, "glibc malloc/malloc.c, mremap_chunk (2.36); mremap(2)"),
                   jemalloc=(CONFIRMED, f"{JEMALLOC}: a new block, unless the addresses behind it are free"),
                   tcmalloc=(CONFIRMED, f"{GPERFTOOLS}, do_realloc_with_callback: allocate, memcpy, free (2.10)")),
    instead="With glibc grow large blocks by realloc(): it moves page table entries (mremap) and copies nothing. jemalloc and "
            "tcmalloc copy.")
ARENA_SIZE = Claim(
    "malloc-arena-64m", "A thread's first malloc adds 64 MiB (or 128) of virtual size.", MALLOC,
    known=known_by("malloc",
                   glibc=(CONFIRMED, "glibc malloc/arena.c, new_heap: HEAP_MAX_SIZE, aligned (2.36)"),
                   jemalloc=(REFUTED, f"{JEMALLOC}, opt.narenas: arenas map what they need"),
                   tcmalloc=(REFUTED, "gperftools docs/tcmalloc.html: threads have caches, and no heaps (2.10)")),
    instead="Expect 64 MiB of address space for each thread's arena with glibc only, up to 8 arenas a processor; jemalloc and "
            "tcmalloc map what they hand out.")
ARENA_RESIDENT = Claim(
    "malloc-arena-resident", "An arena makes 64 MiB resident.", MALLOC,
    known=(Known(REFUTED, "glibc malloc/arena.c, new_heap: PROT_NONE, of which the first pages are made writable (2.36)"),),
    instead="Don't set MALLOC_ARENA_MAX for the 64 MiB of VmSize: an arena is address space, and its pages come as they are "
            "used. "
            "What it may cost is fragmentation.")
NEVER_NULL = Claim(
    "malloc-never-null", "malloc never returns NULL on Linux.", MALLOC,
    known=(Known(REFUTED,
                 "malloc(3), ERRORS (man-pages 6.03): ENOMEM; mm/util.c, __vm_enough_memory (v5.10 to v7.2): mode 0 too "
                          "refuses one request larger than RAM and swap"),),
    instead="Check what malloc() returns: it is NULL past RLIMIT_AS and past the limit of mode 2, and, but for jemalloc (which "
            "maps with MAP_NORESERVE), for one request that is larger than RAM and swap.")
ONE_BYTE = Claim(
    "malloc-one-byte-32", "malloc(1) takes 32 bytes of the heap.", MALLOC,
    known=known_by("malloc",
                   glibc=(CONFIRMED, "glibc malloc/malloc.c, MINSIZE: a chunk's header and two links (2.36)"),
                   jemalloc=(REFUTED, f"{JEMALLOC}, size classes: 8 bytes"),
                   tcmalloc=(REFUTED, "gperftools src/common.cc, SizeMap: 8 bytes (2.10)")),
    instead="Count 32 bytes for the smallest block with glibc, and 8 with jemalloc or tcmalloc.")
ZERO = Claim(
    "malloc-zero-null", "malloc(0) returns NULL.", MALLOC,
    known=(Known(REFUTED, "malloc(3), DESCRIPTION (man-pages 6.03): a unique pointer value"),),
    instead="Don't take NULL for the sign of an empty request: malloc(0) returns a block that free() takes.")


def inside(probe: Probe, block: int, size: int) -> Region:
    """Gives the whole pages inside of a block."""
    page = probe.page_size
    start = -(-block // page) * page
    return probe.region(start, (block + size) // page * page - start)


def there(words: str, get: Callable[[Probe], int], *, fill: bool = False) -> Case:
    """Samples the pages inside of a block of 64 MiB."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        block = inside(probe, get(probe), LARGE)
        if fill:
            block.fill()
        lab.sample(at, pages={"block": block})
    return Case(words, do)


def grown(words: str, grow: Callable[[Probe, int], int]) -> Case:
    """Samples the pages of a block of 16 MiB that is filled, and those at its beginning once it has grown. grow: gives
    where."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at, environment=BY_MMAP)
        block = probe.malloc(BLOCK).value
        inner = inside(probe, block, BLOCK).fill()
        lab.sample(f"{at} before", pages={"block": inner})
        moved = grow(probe, block)
        lab.sample(f"{at} after", pages={"block": inner.part((moved - block) // lab.page_size * lab.page_size, inner.length)})
    return Case(words, do)


def copied(probe: Probe, _: int) -> int:
    block = probe.malloc(2 * BLOCK).value
    inside(probe, block, BLOCK).fill()
    return block


def wait(probe: Probe) -> object:
    return probe.threads(1)


def first_malloc(probe: Probe) -> object:
    return probe.malloc_on_thread(1, COUNT)


def change(words: str, act: Callable[[Probe], object]) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        lab.sample(f"{at} before")
        act(probe)
        lab.sample(f"{at} after")
    return Case(words, do)


def arena(words: str, act: Callable[[Probe], object]) -> Case:
    """Samples before and after a thread that only waits, and before and after what is asked about: a stack is in both."""
    def do(lab: Lab, at: str) -> None:
        change(words, wait).do(lab, f"{at}, waits")
        change(words, act).do(lab, at)
    return Case(words, do)


def beyond_stack(at: str) -> Quantity:
    size = growth("status:VmSize")
    return size(at) - size(f"{at}, waits")


def growth(counter: str) -> Callable[[str], Quantity]:
    return lambda at: Change(f"{at}/{counter}", f"{at} before", f"{at} after")


def asked(words: str, size: int, *, limit: int | None = None, mode: int = 0, mapped: bool = False) -> Case:
    """Asks malloc for so many bytes, with a limit of address space, in an overcommit mode; mapped: asks mmap."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        if limit is not None:
            probe.rlimit(RLIMIT_AS, limit, limit)
        lab.sysctl("vm.overcommit_memory", mode)
        attempt = probe.try_as(at)
        (attempt.mmap if mapped else attempt.malloc)(size)
        lab.sysctl("vm.overcommit_memory", 0)
    return Case(words, do)


def past_ram(lab: Lab, at: str) -> None:
    lab.probe(at).try_as(at).malloc(4 * lab.memory)


def apart(words: str, get: Callable[[Probe], tuple[int, ...]]) -> Case:
    """Records the least distance between blocks."""
    def do(lab: Lab, at: str) -> None:
        blocks = sorted(get(lab.probe(at)))
        lab.record(at, min(two - one for one, two in pairwise(blocks)))
    return Case(words, do)


def from_brk(size: int) -> Callable[[Probe], tuple[int, ...]]:
    return lambda probe: tuple(probe.sbrk(size).value for _ in range(4))


REFUSED, GRANTED, TOO_MUCH = Not(0, "it is NULL"), Exactly(0, "it is a block"), 1 << 50
NOT_NULL = asked("of malloc of 1 MiB", MIB)
IMPOSSIBLE = asked("of mmap of more than there are addresses", TOO_MUCH, mapped=True)
THREAD = change("by a thread that only waits", wait)
FIRST = change("by a thread's first malloc", first_malloc)


def never(asked: Case, key: str, says: str) -> Small:
    return Small(NEVER_NULL, "errno", asked, NOT_NULL, IMPOSSIBLE, GRANTED, REFUSED, of=Errno, unit="errno", key=key, says=says)


EXPERIMENT = table(
    Small(CALLOC, "pages that are not there", there("of calloc of 64 MiB", lambda probe: probe.calloc(1, LARGE).value),
          there("of calloc of 64 MiB that is filled", lambda probe: probe.calloc(1, LARGE).value, fill=True),
          there("of mmap of 64 MiB", lambda probe: probe.map(LARGE).address), of=lambda at: Pages(at, "block", "absent"),
          unit="pages",
          if_true=Exactly(0, "it is all there"), if_false=AtLeast(1, "a page is missing"),
          says="Of calloc of 64 MiB {value} pages were not there."),
    Small(REALLOC, "pages that kept their frame",
          grown("after realloc", lambda probe, block: probe.realloc(block, 2 * BLOCK).value),
          grown("of a copy by hand", copied), grown("where nothing is done", lambda _, block: block), unit="pages",
          of=lambda at: SameFrames(f"{at} before", "block", "block", until=f"{at} after"),
          if_true=Exactly(0, "all are copied"), if_false=AtLeast(1, "a page is not"),
          says=f"After realloc of {BLOCK // MIB} to {2 * BLOCK // MIB} MiB {{value}} pages were in the frame they had before."),
    Small(ARENA_SIZE, "growth of VmSize beyond a thread's stack", arena("by a thread's first malloc", first_malloc),
          arena("by a thread and mmap of 64 MiB", lambda probe: (wait(probe), probe.map(ARENA))),
          arena("by a thread that only waits", wait), of=beyond_stack,
          if_true=Within(pages(ARENA), pages(2 * ARENA), "64 MiB, or 128"),
          if_false=Outside(pages(ARENA), pages(2 * ARENA), "another size"),
          says="A thread's first malloc made VmSize grow by {value} pages beyond its stack."),
    Small(ARENA_RESIDENT, "growth of Rss", FIRST,
          change("by mmap of 64 MiB that is filled", lambda probe: probe.map(ARENA).fill()), THREAD,
          of=growth("smaps_rollup:Rss"), if_true=AtLeast(pages(ARENA), "64 MiB"), if_false=AtMost(pages(ARENA) - 1, "less"),
          says="A thread and its first malloc made the RSS grow by {value} pages."),
    never(Case("of malloc of 4 times RAM", past_ram), "mode 0", "malloc of 4 times RAM gave {value:errno},"),
    never(asked("of malloc past RLIMIT_AS", 512 * MIB, limit=256 * MIB), "limit", "past RLIMIT_AS {value:errno},"),
    never(asked("of malloc past the limit of mode 2", 4096 * MIB, mode=2), "mode 2",
    "and past the limit of mode 2 {value:errno}."),
    Small(ONE_BYTE, "bytes between blocks", apart("of malloc(1)", lambda probe: numbers(probe.malloc_many(COUNT, 1).text)),
          apart("of 32 bytes from brk", from_brk(32)), apart("of 48 bytes from brk", from_brk(48)), unit="bytes",
          if_true=Exactly(32, "the claim's number"), if_false=Not(32, "another"),
          says="Blocks of one byte were {value} bytes apart."),
    Small(ZERO, "errno", asked("of malloc(0)", 0), asked("of malloc of more than there are addresses", TOO_MUCH), NOT_NULL,
          REFUSED,
          GRANTED, of=Errno, unit="errno", says="malloc(0) gave {value:NULL|a block}."),
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    version=2,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(disks=(), changes=("sysctl",), throwaway=True),
)
