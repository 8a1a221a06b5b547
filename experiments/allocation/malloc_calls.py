"""What does malloc ask of the kernel: brk for a small block, a mapping of its own for a large one?"""

from experiments.sections import ALLOCATION
from harness.claims import CONFIRMED, AtLeast, Claim, Exactly, Expect, Experiment, Known, Lab, Not
from harness.needs import KIB, MIB
from harness.quantities import Recorded

SMALL, LARGE = 100, 1 * MIB
THRESHOLD = "malloc(3), M_MMAP_THRESHOLD: 128 KiB in a fresh process (glibc 2.36)"
HEAP_REACH = 2 * MIB        # the heap of a fresh process ends less than this above its start
BRK, MMAP = 12, 9           # arch/x86/entry/syscalls/syscall_64.tbl

FIRST_BRK = Claim(
    "malloc-first-brk", "The first (small) malloc of a process gets its memory from the kernel by brk.", ALLOCATION,
    known=(Known(CONFIRMED, "glibc malloc/malloc.c, sysmalloc: the main arena grows by MORECORE, which is sbrk",
                 settings={"malloc": "glibc"}),))
LARGE_MMAP = Claim(
    "malloc-large-mmap",
    "In a fresh process a large request is served by a mapping of its own (mmap), not by the heap.", ALLOCATION,
    known=(Known(CONFIRMED, THRESHOLD, settings={"malloc": "glibc"}),))


def calls_of(lab: Lab, name: str, operation: str, *arguments: int) -> int:
    """Carries out one operation in a fresh process and records the system calls it made: what it returned."""
    probe = lab.probe(name)
    with probe.trace() as trace:
        value = probe.run(operation, *arguments).value
    made = [call for call in trace.calls if call.result >= 0]
    heap = max((call.result for call in made if call.number == BRK), default=0)      # brk returns the heap's end
    lab.record(f"{name}: in the heap", int(heap - HEAP_REACH <= value < heap))
    lab.record(f"{name}: brk", sum(call.number == BRK for call in made))
    lab.record(f"{name}: mmap", sum(call.number == MMAP and call.arguments[1] >= LARGE for call in made))
    lab.record(f"{name}: calls", [[call.number, *call.arguments, call.result] for call in trace.calls])
    return value


def procedure(lab: Lab) -> None:
    lab.sample("before")
    calls_of(lab, "small", "malloc", SMALL)
    calls_of(lab, "large", "malloc", LARGE)
    calls_of(lab, "sbrk", "sbrk", 132 * KIB)
    calls_of(lab, "mapping", "mmap", 0, LARGE, 3, 0x22, -1, 0)
    lab.sample("after")


def calls(name: str, call: str, title: str) -> Recorded:
    return Recorded(f"{name}: {call}", "calls", title=title)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    expects=(
        Expect(FIRST_BRK, calls("small", "brk", "brk calls of the first malloc(100)"),
               if_true=AtLeast(1, "one brk asks for the end, one moves it"), if_false=Exactly(0, "no brk at all"),
               reads_true=calls("sbrk", "brk", "brk calls of sbrk(132 KiB)"),
               reads_false=calls("mapping", "brk", "brk calls of mmap(1 MiB)"),
               says="The first malloc(100) of a process made {value} brk calls."),
        Expect(LARGE_MMAP, calls("large", "mmap", "mmap calls of at least 1 MiB by malloc(1 MiB)"),
               if_true=Exactly(1, "one mapping for one block"), if_false=Not(1, "none, or more than its own"),
               reads_true=calls("mapping", "mmap", "the same of mmap(1 MiB)"),
               reads_false=calls("sbrk", "mmap", "the same of sbrk(132 KiB)"),
               says="malloc(1 MiB) made {value} mapping of at least that size."),
        Expect(LARGE_MMAP, calls("large", "in the heap", "blocks of malloc(1 MiB) inside the heap"),
               if_true=Exactly(0, "not by the heap"), if_false=AtLeast(1, "below the heap's end, as brk moved it"),
               reads_true=calls("mapping", "in the heap", "blocks of mmap(1 MiB)"),
               reads_false=calls("sbrk", "in the heap", "blocks of sbrk(132 KiB)"),
               says="{value} of that block lay in the heap (the brk calls around it serve the allocator itself)."),
    ),
)
