"""What is mapped right after exec, and when does a heap come to it?

A process is held at its exec, before its first instruction, and its memory map is read. It is let run and tells where
its code, data, bss and stack are; each must lie in a mapping, and no heap may be there yet. Then it asks for heap
memory by brk and the map is read again. Processes that gave their heap back or only used mmap stand beside it.
"""

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording, maps,
    named_mappings,
)
from harness.lab import Lab, numbers

SIZE = 1 * MIB
START_OF_CODE = 26 - 3      # its place in /proc/PID/stat behind the name, which is field 2; proc(5)

SEGMENTS = Claim(
    "exec-maps-segments", "After exec, text, data, bss and stack are mappings of the process; a heap mapping is there "
    "only once heap memory was asked for.", ALLOCATION,
    known=(Known(CONFIRMED, "fs/binfmt_elf.c, load_elf_binary: maps the segments and sets start_brk, makes no heap "
                            "(v6.12)"),))
ON_DEMAND = Claim(
    "heap-vma-on-demand", "A process that never asked for heap memory has no heap mapping; the kernel makes one at the "
    "first brk.", ALLOCATION,
    known=(Known(CONFIRMED, "mm/mmap.c, brk and do_brk_flags (v6.12)"),))


def procedure(lab: Lab) -> None:
    held = lab.probe("program", held=True)
    lab.sample("exec")
    held.release()
    code = int(lab.read(f"/proc/{held.pid}/stat").rsplit(")", 1)[1].split()[START_OF_CODE])
    data, _, bss, _, stack = numbers(held.run("segments").text)
    lab.record("segments", [code, data, bss, stack])
    held.map(SIZE).fill()
    other = {name: lab.probe(name) for name in ("grown", "given back", "only mapped")}
    lab.sample("running")
    for name in ("grown", "given back"):
        other[name].sbrk(SIZE)
    other["given back"].sbrk(-SIZE)
    regions = [other["only mapped"].map(SIZE) for _ in range(8)]
    for region in regions[4:]:
        region.unmap()
    lab.record("mapped", [region.address for region in regions[:4]])
    lab.record("unmapped", [region.address for region in regions[4:]])
    held.sbrk(SIZE)
    lab.sample("grown")


def without(addresses: str, probe: str, moment: str, title: str) -> Quantity:
    """How many of the recorded addresses no mapping covers."""

    def function(recording: Recording) -> int | None:
        text, wanted = recording.text(moment, f"{probe}/maps"), recording.records.get(addresses)
        if not text or wanted is None:
            return None
        return sum(not any(mapping.covers(address) for mapping in maps.parse(text)) for address in wanted)

    return Derived(title, function)


def heaps(probe: str, moment: str) -> Quantity:
    return named_mappings(probe, moment, "[heap]", f"heap mappings of “{probe}” at “{moment}”")


def no_heap(claim: Claim, moment: str, says: str) -> Expect:
    return Expect(claim, heaps("program", moment),
                  if_true=Exactly(0, "no heap"), if_false=AtLeast(1, "there is one that nobody asked for"),
                  reads_true=heaps("given back", "grown"), reads_false=heaps("grown", "grown"), says=says)


def one_heap(claim: Claim) -> Expect:
    return Expect(claim, heaps("program", "grown"),
                  if_true=Exactly(1, "brk made it"), if_false=Exactly(0, "none, though memory was asked for"),
                  reads_true=heaps("grown", "grown"), reads_false=heaps("only mapped", "grown"),
                  says="After its first brk it had {value:one|none}.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(root=False),
    rate=0,
    expects=(
        Expect(SEGMENTS, without("segments", "program", "exec", "segments (text, data, bss, stack) without a mapping"),
               if_true=Exactly(0, "each is mapped"), if_false=AtLeast(1, "one is not"),
               reads_true=without("mapped", "only mapped", "grown", "four mappings of mmap without a mapping"),
               reads_false=without("unmapped", "only mapped", "grown", "four that were unmapped without a mapping"),
               says="At its first instruction {value:not all four of|all four of} text, data, bss and stack were mapped."),
        no_heap(SEGMENTS, "exec", "There were {value} heap mappings."),
        one_heap(SEGMENTS),
        no_heap(ON_DEMAND, "running", "A process that had run and used mmap only had {value} heap mappings."),
        one_heap(ON_DEMAND),
    ),
)
