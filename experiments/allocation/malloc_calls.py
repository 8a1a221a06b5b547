"""What does malloc ask of the kernel: brk for a small block, a mapping of its own for a large one?

Each request is made by a fresh process whose system calls are recorded from its exec on: a small malloc, a large one,
and a fairly large one after a larger block was freed. The calls tell whether the block lies in the heap, how often
the heap grew, and whether a mapping was made that holds only this block. Bare sbrk and bare mmap show how both
answers read.
"""

from experiments.sections import ALLOCATION
from harness.claims import CONFIRMED, KIB, MIB, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Needs, known_by
from harness.lab import ANONYMOUS, PRIVATE, READ, WRITE, Lab
from harness.lab.helpers.heap import granted_in_heap, growths, own_mappings, record_origin

SMALL, LARGE, LATER = 100, 1 * MIB, 512 * KIB
JEMALLOC = "jemalloc(3), opt.dss: mmap comes before brk; measured with 5.3.0"
TCMALLOC = "gperftools src/system-alloc.cc, DefaultSysAllocator: brk first, mmap if that fails; measured with 2.10"

FIRST_BRK = Claim(
    "malloc-first-brk", "The first (small) malloc of a process gets its memory from the kernel by brk.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "glibc malloc/malloc.c, sysmalloc: the main arena grows by MORECORE, which is sbrk (2.36)"),
        jemalloc=(REFUTED, JEMALLOC),
        tcmalloc=(CONFIRMED, TCMALLOC)),
    instead="Trace mmap beside brk (strace -e trace=brk,mmap,munmap): jemalloc takes its memory from mmap, and turns to brk "
            "only where that fails.")
LARGE_MMAP = Claim(
    "malloc-large-mmap",
    "In a fresh process a large request is served by a mapping of its own (mmap), not by the heap.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "mallopt(3), M_MMAP_THRESHOLD: 128 KiB in a fresh process"),
        jemalloc=(REFUTED, "jemalloc 5.3.0, measured: mappings of 2 MiB and more, of which blocks are cut"),
        tcmalloc=(REFUTED, TCMALLOC)),
    instead="Only glibc gives a large block a mapping of its own. Call mmap() yourself where munmap() has to give it back "
            "for sure.")
ALWAYS_MMAP = Claim(
    "malloc-large-always-mmap",
    "Every request above the initial threshold is served by mmap, whatever the process did before.", ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(REFUTED, "mallopt(3), M_MMAP_THRESHOLD: dynamic since glibc 2.4; free of a mapped block raises it to "
                        "that block's size"),
        jemalloc=(REFUTED, "jemalloc 5.3.0, measured: cut from a mapping that is there"),
        tcmalloc=(REFUTED, TCMALLOC)),
    instead="glibc raises the threshold to the size of each mapped block that is freed, up to 32 MiB. Fix it with "
            "mallopt(M_MMAP_THRESHOLD, …) where large blocks must come from mmap; other allocators have rules of their own.")


def procedure(lab: Lab) -> None:
    lab.sample("before")
    record_origin(lab, "small", "malloc", SMALL, size=SMALL)
    record_origin(lab, "large", "malloc", LARGE, size=LARGE)
    record_origin(lab, "later", "malloc", LATER, size=LATER, before=(LARGE,))
    record_origin(lab, "sbrk", "sbrk", 132 * KIB, size=132 * KIB)
    record_origin(lab, "mapping", "mmap", 0, LARGE, READ | WRITE, PRIVATE | ANONYMOUS, -1, 0, size=LARGE)
    lab.sample("after")


def own_mapping(claim: Claim, name: str, what: str, says: str) -> Expect:
    return Expect(
        claim, own_mappings(name, f"mappings that hold only the block of {what}"),
        if_true=Exactly(1, "a mapping of its size, rounded up to pages and one page for the allocator's header"),
        if_false=Exactly(0, "it lies in the heap, or in a mapping made for more than it"),
        reads_true=own_mappings("mapping", "the same of mmap(1 MiB)"),
        reads_false=own_mappings("sbrk", "the same of sbrk(132 KiB)"), says=says)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(root=False),
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    version=3,
    expects=(
        Expect(FIRST_BRK, granted_in_heap("small", "blocks of the first malloc(100) in what brk gave"),
               if_true=Exactly(1, "between the heap's first and its last end, as brk told them"),
               if_false=Exactly(0, "outside of them"),
               reads_true=granted_in_heap("sbrk", "blocks of sbrk(132 KiB)"),
               reads_false=granted_in_heap("mapping", "blocks of mmap(1 MiB)"),
               says="{value} block of the first malloc(100) of a process lay in the memory that brk gave it."),
        Expect(FIRST_BRK, growths("small", "growths of the heap by brk up to the first malloc(100)"),
               if_true=AtLeast(1, "the heap is empty at exec: it has to grow"), if_false=Exactly(0, "it never grew"),
               reads_true=growths("sbrk", "the same with sbrk(132 KiB) instead"),
               reads_false=growths("mapping", "the same with mmap(1 MiB) instead"),
               says="Since its exec brk had {value:times} moved the heap's end."),
        own_mapping(LARGE_MMAP, "large", "malloc(1 MiB)",
                    "{value} mapping was made for malloc(1 MiB) and nothing else."),
        Expect(LARGE_MMAP, granted_in_heap("large", "blocks of malloc(1 MiB) in what brk gave"),
               if_true=Exactly(0, "not by the heap"), if_false=Exactly(1, "between the heap's ends"),
               reads_true=granted_in_heap("mapping", "blocks of mmap(1 MiB)"),
               reads_false=granted_in_heap("sbrk", "blocks of sbrk(132 KiB)"),
               says="That block {value:lay|did not lie} in the heap."),
        own_mapping(ALWAYS_MMAP, "later", "malloc(512 KiB) after a free of 1 MiB",
                    "After malloc(1 MiB) and its free, {value:a mapping of its own was|no mapping of its own was} made "
                    "for malloc(512 KiB)."),
    ),
)
