"""Does the kernel make the heap's mapping with the function that serves mmap?

A kernel probe counts how often a process enters do_mmap while it asks for its first heap memory by brk, while it maps memory, and
while it asks for its process id. That it has a heap afterwards, and had none before, is read from its memory map.
"""

from collections.abc import Callable

from experiments.sections import ALLOCATION
from harness.claims import REFUTED, AtLeast, Case, Claim, Exactly, Guard, Known, Needs, Quantity, Recorded, Small, table
from harness.lab import Lab, Probe
from harness.lab.helpers.kernel import calls, count_calls

ID, HEAP = "brk-goes-through-mmap", 1 << 20

THROUGH = Claim(
    ID, "The kernel makes the heap's mapping with the function that serves mmap (do_mmap).", ALLOCATION,
    known=(Known(REFUTED, "mm/mmap.c, brk calls do_brk_flags, which makes the mapping itself (v5.10 to v7.2)"),),
    instead="Trace brk beside mmap to see how address space grows: the heap does not come by do_mmap.")


def counted(words: str, what: Callable[[Probe], object]) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        before = heaps(lab, probe)
        count_calls(lab, at, "do_mmap", probe.pid, lambda: what(probe))
        lab.record(f"{at}: new heaps", heaps(lab, probe) - before)
    return Case(words, do)


def heaps(lab: Lab, probe: Probe) -> int:
    return sum(mapping.path == "[heap]" for mapping in lab.mappings(probe))


def made(which: str) -> Quantity:
    return Recorded(f"{ID}.{which}: new heaps")


EXPERIMENT = table(
    Small(THROUGH, "calls of do_mmap", counted("at the first brk", lambda probe: probe.sbrk(HEAP)),
          counted("at an mmap", lambda probe: probe.map(HEAP)), counted("at getpid", lambda probe: probe.run("pid")),
          of=calls, unit="calls", if_true=AtLeast(1, "it is called"), if_false=Exactly(0, "it is not"),
          says="At the first brk do_mmap was called {value} times."),
    guards=(Guard(made("asked"), Exactly(1), "it is the heap's mapping that is asked about"),),
    needs=Needs(disks=()),
)
