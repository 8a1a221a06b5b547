"""Where is a memfd's memory counted, who pays for it, when does it go, and when can it be sealed?

A memfd of 16 MiB is filled through a mapping; the descriptor is closed and the mapping taken down in both orders. The growth and
fall of Shmem and the growth of the group's memory.current, and the errno of F_ADD_SEALS, tell the answers; shared and private
anonymous memory beside it shows how they read.
"""

from collections.abc import Callable

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Document, Errno, Exactly, Known, Needs, Not, Quantity, Small,
    pages, table,
)
from harness.lab import DONTNEED, F_ADD_SEALS, F_SEAL_WRITE, MFD_ALLOW_SEALING, Lab, Probe, Region
from harness.lab.helpers.charges import BATCH

SIZE = 16 * MIB
MAN = "(man-pages 6.03)"

SHMEM = Claim(
    "memfd-is-shmem", "memfd memory (without MFD_HUGETLB) counts as Shmem and goes with the last descriptor or mapping.",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/memfd.c, memfd_create makes a file of shmem (v5.10 to v7.2); "
                            f"memfd_create(2), DESCRIPTION {MAN}"),),
    document=Document(f"memfd_create(2), DESCRIPTION, “Once all references to the file are dropped” {MAN}"))
SEAL = Claim(
    "memfd-seal-write-mapped", "F_SEAL_WRITE can be set while a writable shared mapping exists.", SHARED_MEMORY,
    known=(Known(REFUTED, f"fcntl(2), F_SEAL_WRITE {MAN}: EBUSY if any writable, shared mapping exists"),),
    instead="Unmap every writable shared mapping of a memfd before F_SEAL_WRITE, or set F_SEAL_FUTURE_WRITE, which lets those "
            "that exist go on writing.")
NOT_CHARGED = Claim(
    "memfd-not-in-group", "memfd memory is not charged to a group.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c: a page is charged to whom it is made for, by shmem_alloc_and_add_folio (v6.12, v7.2), "
                          "shmem_get_folio_gfp (v6.1), shmem_getpage_gfp (v5.10)"),),
    instead="Count memfd memory in memory.current and memory.stat's shmem of the group whose process touched it first: "
            "memory.max holds it too.")


def opened(probe: Probe, flags: int = 0) -> int:
    fd = probe.memfd("memory", flags).value
    probe.ftruncate(fd, SIZE)
    return fd


def of_file(probe: Probe) -> tuple[int, Region]:
    """Makes a memfd, with a mapping that is filled."""
    fd = opened(probe)
    return fd, probe.map(SIZE, shared=True, fd=fd).fill()


def between(words: str, first: Callable[[Probe], Callable[[], object]]) -> Case:
    """Samples before and after the second part of something that a process of a group of its own does."""
    def do(lab: Lab, at: str) -> None:
        then = first(lab.probe(at, lab.sandbox(at)))
        lab.sample(f"{at}: before")
        then()
        lab.sample(f"{at}: after")
    return Case(words, do)


def closed(probe: Probe) -> Callable[[], object]:
    fd, _ = of_file(probe)
    return lambda: probe.close(fd)


def advised(probe: Probe) -> Callable[[], object]:
    memory = probe.map(SIZE, shared=True).fill()
    return lambda: memory.advise(DONTNEED)


def unmapped(close: bool) -> Callable[[Probe], Callable[[], object]]:
    def first(probe: Probe) -> Callable[[], object]:
        fd, memory = of_file(probe)
        if close:
            probe.close(fd)
        return memory.unmap
    return first


def sealed(words: str, flags: int, *, mapped: bool) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        fd = opened(probe, flags)
        if mapped:
            probe.map(SIZE, shared=True, fd=fd)
        probe.try_as(at).fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
    return Case(words, do)


def growth(counter: str, sign: int = 1) -> Callable[[str], Quantity]:
    """counter: of the machine's, or of the case's group where it begins with "/"."""
    return lambda at: Change(f"{at}{counter}" if counter.startswith("/") else counter, f"{at}: before", f"{at}: after") * sign


ALL = (Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough"))
FALL = growth("meminfo:Shmem", -1)
FILLED = between("by a memfd that was filled", lambda probe: lambda: of_file(probe))
PRIVATE = between("by private memory that was filled", lambda probe: probe.map(SIZE).fill)
SHARED = between("after shared anonymous memory was unmapped", lambda probe: probe.map(SIZE, shared=True).fill().unmap)
KEPT = between("after it was closed, mapped", closed)
EXPERIMENT = table(
    Small(SHMEM, "growth of Shmem", FILLED,
          between("by shared anonymous memory that was filled", lambda probe: probe.map(SIZE, shared=True).fill), PRIVATE, *ALL,
          of=growth("meminfo:Shmem"), key="counted", says="Filling a memfd of {bound} pages made Shmem grow by {value};"),
    Small(SHMEM, "fall of Shmem", between("after it was unmapped, closed before", unmapped(close=True)), SHARED, KEPT, *ALL,
          of=FALL, key="gone", says="closing it and unmapping it made Shmem fall by {value},"),
    Small(SHMEM, "fall of Shmem", between("after it was unmapped, open", unmapped(close=False)),
          between("after MADV_DONTNEED of shared anonymous memory", advised), SHARED, of=FALL, key="kept",
          if_true=Exactly(0, "not a page"), if_false=AtLeast(1, "a page is gone"),
          says="unmapping it while it was open by {value}."),
    Small(SEAL, "errno", sealed("of F_SEAL_WRITE, mapped", MFD_ALLOW_SEALING, mapped=True),
          sealed("of F_SEAL_WRITE, not mapped", MFD_ALLOW_SEALING, mapped=False),
          sealed("of F_SEAL_WRITE without MFD_ALLOW_SEALING", 0, mapped=False), of=Errno, unit="errno",
          if_true=Exactly(0, "the seal is set"), if_false=Not(0, "refused, for whatever reason"),
          says="F_SEAL_WRITE with a writable shared mapping was {value:answer}."),
    Small(NOT_CHARGED, "growth of memory.current", FILLED,
          between("by memory that was mapped", lambda probe: lambda: probe.map(SIZE)), PRIVATE, of=growth("/memory.current"),
          if_true=AtMost(2 * BATCH, "what is charged ahead, for the kernel's objects of a file"),
          if_false=AtLeast(pages(SIZE) - BATCH, "all of it, but for what was charged ahead"),
          says=f"Filling a memfd of {SIZE // MIB} MiB made its group's memory.current grow by {{value}} pages."),
    needs=Needs(disks=()),
)
