"""What does malloc ask of the kernel: brk for a small block, a mapping of its own for a large one?

Each request is made by a fresh process whose system calls are recorded from its exec on: a small malloc, a large one,
and a fairly large one after a larger block was freed. The calls tell whether the block lies in the heap, how often
the heap grew, and whether a mapping was made that holds only this block. Bare sbrk and bare mmap show how both
answers read.
"""

from itertools import pairwise

from experiments.sections import ALLOCATION
from harness.claims import CONFIRMED, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Known
from harness.needs import KIB, MIB
from harness.procedure import Lab
from harness.quantities import Recorded

SMALL, LARGE, LATER = 100, 1 * MIB, 512 * KIB
JEMALLOC, TCMALLOC = "measured with jemalloc 5.3.0: ", "measured with gperftools' tcmalloc 2.10: "
BRK, MMAP = 12, 9           # arch/x86/entry/syscalls/syscall_64.tbl

FIRST_BRK = Claim(
    "malloc-first-brk", "The first (small) malloc of a process gets its memory from the kernel by brk.", ALLOCATION,
    known=(Known(CONFIRMED, "glibc malloc/malloc.c, sysmalloc: the main arena grows by MORECORE, which is sbrk",
                 settings={"malloc": "glibc"}),
           Known(REFUTED, JEMALLOC + "all its memory comes from mmap",
                 settings={"malloc": "jemalloc"}),
           Known(CONFIRMED, TCMALLOC + "it asks brk first, mmap if that fails",
                 settings={"malloc": "tcmalloc"})))
LARGE_MMAP = Claim(
    "malloc-large-mmap",
    "In a fresh process a large request is served by a mapping of its own (mmap), not by the heap.", ALLOCATION,
    known=(Known(CONFIRMED, "malloc(3), M_MMAP_THRESHOLD: 128 KiB in a fresh process (glibc 2.36)",
                 settings={"malloc": "glibc"}),
           Known(REFUTED, JEMALLOC + "mappings of 2 MiB and more, of which blocks are cut",
                 settings={"malloc": "jemalloc"}),
           Known(REFUTED, TCMALLOC + "cut from what brk gave",
                 settings={"malloc": "tcmalloc"})))
ALWAYS_MMAP = Claim(
    "malloc-large-always-mmap",
    "Every request above the initial threshold is served by mmap, whatever the process did before.", ALLOCATION,
    known=(Known(REFUTED, "mallopt(3), M_MMAP_THRESHOLD: dynamic since glibc 2.4; free of a mapped block raises it to "
                          "that block's size", settings={"malloc": "glibc"}),
           Known(REFUTED, JEMALLOC + "cut from a mapping that is there",
                 settings={"malloc": "jemalloc"}),
           Known(REFUTED, TCMALLOC + "cut from what brk gave",
                 settings={"malloc": "tcmalloc"})))


def calls_of(lab: Lab, name: str, operation: str, *arguments: int, before: tuple[int, ...] = ()) -> None:
    """In a process of its own, traced since its exec: what one operation returned, and where that lies.

    before: sizes that the process allocates and frees first.
    """
    # A reference is free of the allocator, which may ask for memory before main.
    probe = lab.probe(name, held=True, environment=None if operation == "malloc" else {"LD_PRELOAD": ""})
    with probe.trace() as trace:
        for size in before:
            probe.free(probe.malloc(size).value)
        block = probe.run(operation, *arguments).value
    made = [call for call in trace.calls if call.result >= 0]
    ends = [call.result for call in made if call.number == BRK]         # brk returns the heap's end, as it is then
    length = arguments[1] if operation == "mmap" else arguments[0]
    own = [call for call in made if call.number == MMAP and call.result <= block < call.result + call.arguments[1]
           and call.arguments[1] < length + 2 * lab.page_size]
    lab.record(f"{name}: in the heap", int(min(ends) <= block < max(ends)))
    lab.record(f"{name}: growths", sum(after > now for now, after in pairwise(ends)))
    lab.record(f"{name}: own mappings", len(own))
    lab.record(f"{name}: calls", [[call.number, *call.arguments, call.result] for call in trace.calls])
    lab.record(f"{name}: block", block)


def procedure(lab: Lab) -> None:
    lab.sample("before")
    calls_of(lab, "small", "malloc", SMALL)
    calls_of(lab, "large", "malloc", LARGE)
    calls_of(lab, "later", "malloc", LATER, before=(LARGE,))
    calls_of(lab, "sbrk", "sbrk", 132 * KIB)
    calls_of(lab, "mapping", "mmap", 0, LARGE, 3, 0x22, -1, 0)
    lab.sample("after")


def number(name: str, what: str, title: str) -> Recorded:
    return Recorded(f"{name}: {what}", title=title)


def own_mapping(claim: Claim, name: str, what: str, says: str) -> Expect:
    return Expect(
        claim, number(name, "own mappings", f"mappings that hold only the block of {what}"),
        if_true=Exactly(1, "a mapping of its size, rounded up to pages and one page for the allocator's header"),
        if_false=Exactly(0, "it lies in the heap, or in a mapping made for more than it"),
        reads_true=number("mapping", "own mappings", "the same of mmap(1 MiB)"),
        reads_false=number("sbrk", "own mappings", "the same of sbrk(132 KiB)"), says=says)


EXPERIMENT = Experiment(
    procedure,
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    version=2,
    expects=(
        Expect(FIRST_BRK, number("small", "in the heap", "blocks of the first malloc(100) in what brk gave"),
               if_true=Exactly(1, "between the heap's first and its last end, as brk told them"),
               if_false=Exactly(0, "outside of them"),
               reads_true=number("sbrk", "in the heap", "blocks of sbrk(132 KiB)"),
               reads_false=number("mapping", "in the heap", "blocks of mmap(1 MiB)"),
               says="{value} block of the first malloc(100) of a process lay in the memory that brk gave it."),
        Expect(FIRST_BRK, number("small", "growths", "growths of the heap by brk up to the first malloc(100)"),
               if_true=AtLeast(1, "the heap is empty at exec: it has to grow"), if_false=Exactly(0, "it never grew"),
               reads_true=number("sbrk", "growths", "the same with sbrk(132 KiB) instead"),
               reads_false=number("mapping", "growths", "the same with mmap(1 MiB) instead"),
               says="Since its exec brk had moved the heap's end {value} times."),
        own_mapping(LARGE_MMAP, "large", "malloc(1 MiB)",
                    "{value} mapping was made for malloc(1 MiB) and nothing else."),
        Expect(LARGE_MMAP, number("large", "in the heap", "blocks of malloc(1 MiB) in what brk gave"),
               if_true=Exactly(0, "not by the heap"), if_false=Exactly(1, "between the heap's ends"),
               reads_true=number("mapping", "in the heap", "blocks of mmap(1 MiB)"),
               reads_false=number("sbrk", "in the heap", "blocks of sbrk(132 KiB)"),
               says="{value} of that block lay in the heap."),
        own_mapping(ALWAYS_MMAP, "later", "malloc(512 KiB) after a free of 1 MiB",
                    "After malloc(1 MiB) and its free, {value} mapping was made for malloc(512 KiB)."),
    ),
)
