"""Which mappings does the kernel make by shmem_zero_setup?

A kernel probe counts how often a process enters shmem_zero_setup while it maps shared anonymous memory a hundred times, and
private memory a hundred times. Counted in do_mmap, which every mapping goes through, and while it reads a file a hundred
times, the same way shows how both answers read.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, AtLeast, Case, Claim, Exactly, Known, Needs, Not, Small, table
from harness.lab import ANONYMOUS, PRIVATE, SHARED, Lab, Probe
from harness.lab.helpers.kernel import calls, count_calls

TIMES = 100

SETUP = Claim(
    "shared-anon-calls-shmem-zero-setup", "Each mmap of shared anonymous memory (without MAP_HUGETLB) calls shmem_zero_setup, "
    "and no private one does.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/mmap.c, mmap_region and shmem_zero_setup (v5.10 to v6.12); mm/vma.c, shmem_zero_setup (v7.2)"),))


def counted(function: str, flags: int, words: str) -> Case:
    """Counts the calls of a function while a process maps a page a hundred times, without flags: reads as often."""
    def many(probe: Probe) -> None:
        fd = probe.open("/proc/self/stat", 0).value
        for _ in range(TIMES):
            probe.mmap(probe.page_size, flags=flags) if flags else probe.read(fd, 1)

    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        count_calls(lab, at, function, probe.pid, lambda: many(probe))
    return Case(words, do)


READS = counted("shmem_zero_setup", 0, f"of shmem_zero_setup by {TIMES} reads of a file")
EXPERIMENT = table(
    Small(SETUP, "calls", counted("shmem_zero_setup", SHARED | ANONYMOUS, f"of shmem_zero_setup by {TIMES} shared mappings"),
          counted("do_mmap", SHARED | ANONYMOUS, f"of do_mmap by {TIMES} shared mappings"), READS, of=calls, unit="calls",
          key="shared", if_true=Exactly(TIMES, "one each"), if_false=Not(TIMES, "one did without, or made more"),
          says=f"{TIMES} shared anonymous mappings called it {{value}} times,"),
    Small(SETUP, "calls", counted("shmem_zero_setup", PRIVATE | ANONYMOUS, f"of shmem_zero_setup by {TIMES} private mappings"),
          READS, counted("do_mmap", PRIVATE | ANONYMOUS, f"of do_mmap by {TIMES} private mappings"), of=calls, unit="calls",
          key="private", if_true=Exactly(0, "no private one"), if_false=AtLeast(1, "one is enough"),
          says=f"{TIMES} private ones {{value}} times."),
    needs=Needs(disks=()),
)
