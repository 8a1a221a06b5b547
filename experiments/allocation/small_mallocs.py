"""How often does a program that allocates small blocks enter the kernel?

A process allocates one block, and then 500 of 88 bytes, in which its system calls are counted. 500 blocks of 1 MiB that another
one allocates, and memory that it touches and that is there, show how both answers read.
"""

from experiments.sections import ALLOCATION
from harness.claims import CONFIRMED, MIB, AtLeast, Case, Claim, Exactly, Needs, Small, known_by, table
from harness.lab import Lab

COUNT, SMALL = 500, 88

FEW = Claim(
    "malloc-small-few-syscalls", "After a process's first malloc, 500 further mallocs of 88 bytes make no system call.",
    ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(CONFIRMED, "glibc malloc/malloc.c, sysmalloc: the heap grows by top_pad, 128 KiB, and 500 chunks of 96 bytes are "
                          "less (2.36)"),
        jemalloc=(CONFIRMED, "jemalloc 5.3.0 src/extent.c, extent_grow_retained: at least 2 MiB at once"),
        tcmalloc=(CONFIRMED, "gperftools src/page_heap.cc, GrowHeap: at least kMinSystemAlloc, 1 MiB, at once (2.10)")))


def calls(words: str, size: int) -> Case:
    """Records how many system calls 500 mallocs make, or, of size 0, 500 touches."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        probe.malloc(SMALL)
        memory = probe.map(MIB).fill()
        with probe.trace() as trace:
            if size:
                probe.malloc_many(COUNT, size)
            else:
                probe.touch(memory.address, memory.length, stride=memory.length // COUNT)
        lab.record(at, len(trace.calls))
    return Case(words, do)


EXPERIMENT = table(
    Small(FEW, "system calls", calls(f"of {COUNT} mallocs of {SMALL} bytes", SMALL), calls("of touching memory that is there", 0),
          calls(f"of {COUNT} mallocs of 1 MiB", MIB), unit="calls",
          if_true=Exactly(0, "“no system call”"), if_false=AtLeast(1, "one is enough"),
          says=f"{COUNT} mallocs of {SMALL} bytes made {{value}} system calls."),
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    needs=Needs(disks=(), root=False),
)
