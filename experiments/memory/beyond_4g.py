"""Can a 64-bit process use addresses more than 4 GiB apart?

A process maps 6 GiB of memory that is not reserved, fills the first page and the last one, and reads both back. One that
maps 1 GiB, and one that may have no more than 4 GiB of addresses (RLIMIT_AS), show how both answers read.
"""

from experiments.sections import MEMORY
from harness.claims import CONFIRMED, GIB, AtMost, Case, Claim, Exactly, Known, Needs, Small, table
from harness.lab import ANONYMOUS, NORESERVE, PRIVATE, RLIMIT_AS, Lab

BEYOND = Claim(
    "va-64bit-beyond-4g", "A 64-bit process can have a mapping larger than 4 GiB and use both its first and its last page.",
    MEMORY, known=(Known(CONFIRMED, "arch/x86/include/asm/page_64_types.h, TASK_SIZE_MAX: 47 bits of addresses, or 56 "
                                    "(v5.10 to v7.2)"),))


def ends(size: int, words: str, most: int | None = None) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        if most:
            probe.rlimit(RLIMIT_AS, most, most)
        mapped = probe.attempt.mmap(size, flags=PRIVATE | ANONYMOUS | NORESERVE)
        parts = [probe.region(mapped.value + offset, lab.page_size) for offset in (0, size - lab.page_size)]
        lab.record(at, 0 if mapped.error else sum(part.fill(seed).check(seed) for seed, part in enumerate(parts, 1)))
    return Case(words, do)


EXPERIMENT = table(
    Small(BEYOND, "end pages used", ends(6 * GIB, "of 6 GiB"), ends(GIB, "of 1 GiB"),
          ends(6 * GIB, "of 6 GiB with 4 GiB allowed", 4 * GIB),
          if_true=Exactly(2, "the first and the last"), if_false=AtMost(1, "one of them could not be used"), unit="pages",
          says="Of a mapping of 6 GiB {value} of the first and the last page held what was written."),
    needs=Needs(disks=(), root=False),
)
