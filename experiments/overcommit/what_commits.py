"""What counts in Committed_AS, and may it get past CommitLimit?

Each case makes a mapping of 128 MiB of one kind, changes its protection, touches it, or starts threads, and reads Committed_AS
before and after. In modes 0, 1 and 2 a process maps piece by piece, and Committed_AS is set against CommitLimit. A private
writable mapping, which counts, and memory that is only touched or read show how the answers read.
"""

import errno
import os
from collections.abc import Callable

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Counter, Disk, Errno, Exactly, Known, Needs, Outside,
    Quantity, Settings, Small, Within, pages, table,
)
from harness.lab import NO_ACCESS, READ, WRITE, Lab, Probe

SIZE, PIECE, PIECES, THREADS, STACK = 128 * MIB, 128 * MIB, 12, 16, 8 * MIB
KINDS = ("mm/mmap.c, accountable_mapping (v5.10 to v6.12); mm/vma.c, accountable_mapping (v7.2): private writable mappings "
         "count, "
         "and shmem objects")

OVER = Claim(
    "oc-as-over-limit-mode0", "In mode 0 Committed_AS cannot exceed CommitLimit.", OVERCOMMIT,
    known=(Known(REFUTED,
                 "mm/util.c, __vm_enough_memory: in mode OVERCOMMIT_GUESS one request is set against RAM and swap, the sum "
                          "against nothing (v5.10 to v7.2)"),),
    instead="Alert on MemAvailable or on memory pressure: CommitLimit means nothing in modes 0 and 1, and Committed_AS passes "
            "it on "
            "healthy machines.")
RESERVED = Claim(
    "oc-prot-none-counts", "A PROT_NONE reservation counts in Committed_AS.", OVERCOMMIT, known=(Known(REFUTED, KINDS),),
    instead="Reserve address space with PROT_NONE: it costs nothing in Committed_AS until mprotect() makes it writable.")
WRITABLE = Claim(
    "oc-mprotect-commits", "Making a PROT_NONE reservation writable counts it in Committed_AS then (and can fail in mode 2).",
    OVERCOMMIT,
    known=(Known(CONFIRMED,
                 "mm/mprotect.c, mprotect_fixup: security_vm_enough_memory_mm for a private mapping that becomes writable "
                            "(v5.10 to v7.2)"),))
SHARED_FILE = Claim(
    "oc-file-shared-counts", "A shared writable file mapping counts in Committed_AS.", OVERCOMMIT, known=(Known(REFUTED, KINDS),),
    instead="Map files of a disk shared without a thought of the commit limit: their pages can be written back, so they do not "
            "count. Of a tmpfs file the pages count, mapped or not.")
READ_ONLY = Claim(
    "oc-readonly-private-counts", "A private read-only file mapping counts in Committed_AS.", OVERCOMMIT,
    known=(Known(REFUTED, KINDS),),
    instead="Count program text and other read-only file mappings as free in Committed_AS: of file mappings only private "
            "writable ones count.")
TOUCH = Claim(
    "oc-touch-raises-as", "Touching memory raises Committed_AS.", OVERCOMMIT,
    known=(Known(REFUTED, "mm/mmap.c, mmap_region (v5.10 to v6.12); mm/vma.c, mmap_region (v7.2): private writable memory is "
                          "charged when it is mapped"),),
    instead="Expect Committed_AS to rise at mmap(), brk() and fork(), not at the first touch: that shows in RSS. A stack that "
            "grows, and a new page of a tmpfs file, are charged when they are touched.")
THREAD = Claim(
    "oc-stack-thread-commits", "A thread's stack of 8 MiB counts 8 MiB in Committed_AS before it is used.", OVERCOMMIT,
    known=(Known(CONFIRMED, "glibc nptl/allocatestack.c, allocate_stack: a private mapping that is made writable (2.36)"),))


def change(words: str, prepare: Callable[[Probe], Callable[[], object]]) -> Case:
    """prepare: gives what is done between two samples."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        act = prepare(probe)
        lab.sample(f"{at} before")
        act()
        lab.sample(f"{at} after")
    return Case(words, do)


def mapped(words: str, protection: int = READ | WRITE, size: int = SIZE) -> Case:
    return change(words, lambda probe: lambda: probe.mmap(size, protection=protection))


def of_file(words: str, *, shared: bool, write: bool) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        fd = probe.open(f"{lab.mount_disk()}/file", os.O_RDWR | os.O_CREAT).value
        lab.sample(f"{at} before")
        probe.map(SIZE, shared=shared, write=write, fd=fd)
        lab.sample(f"{at} after")
    return Case(words, do)


def threads(probe: Probe) -> Callable[[], object]:
    probe.threads(1)        # what the first one takes besides, a heap of its own for instance, is there
    return lambda: probe.threads(THREADS)


def made_writable(probe: Probe) -> Callable[[], object]:
    memory = probe.mmap(SIZE, protection=NO_ACCESS).value
    return lambda: probe.mprotect(memory, SIZE, READ | WRITE)


def past_the_limit(words: str, share: int, *, reserved: bool) -> Case:
    """Asks in mode 2 for writable memory of so many percent of the limit, by mprotect of a reservation, or by mmap."""
    def do(lab: Lab, at: str) -> None:
        size = lab.counter("meminfo:CommitLimit") * share // 100 // lab.page_size * lab.page_size
        probe = lab.probe(at)
        lab.sysctl("vm.overcommit_memory", 2)
        if reserved:
            probe.try_as(at).mprotect(probe.mmap(size, protection=NO_ACCESS).value, size, READ | WRITE)
        else:
            probe.try_as(at).mmap(size)
        lab.sysctl("vm.overcommit_memory", 0)
    return Case(words, do)


def piecewise(mode: int) -> Case:
    """Maps so many pieces as are granted."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        lab.sysctl("vm.overcommit_memory", mode)
        for _ in range(PIECES):
            if probe.attempt.mmap(PIECE).error:
                break
        lab.sample(at)
        lab.sysctl("vm.overcommit_memory", 0)
    return Case(f"in mode {mode}", do)


def growth(at: str) -> Quantity:
    return Change("meminfo:Committed_AS", f"{at} before", f"{at} after")


PLAIN, LOOKED = mapped("by a private writable mapping"), change("by a touch", lambda probe: probe.map(SIZE).fill)
ALL, NOT_ALL = AtLeast(pages(SIZE), "all of it"), AtMost(pages(SIZE) - 1, "a page does not count")


def counts(claim: Claim, asked: Case, what: str, key: str = "") -> Small:
    """Expects that memory counts whole."""
    return Small(claim, "growth of Committed_AS", asked, PLAIN, READ_MAP, ALL, NOT_ALL, of=growth, key=key,
                 says=f"{what} of {SIZE // MIB} MiB made Committed_AS grow by {{value}} pages" + ("," if key else "."))


READ_MAP = mapped("by read-only memory", READ)
EXPERIMENT = table(
    Small(OVER, "Committed_AS over CommitLimit", piecewise(0), piecewise(2), piecewise(1), unit="pages",
          of=lambda at: Counter("meminfo:Committed_AS", at) - Counter("meminfo:CommitLimit", at),
          if_true=AtMost(0, "it stays within"), if_false=AtLeast(1, "it is past it"),
          says="In mode 0 Committed_AS got {value:±pages past|pages below|just to} CommitLimit."),
    counts(RESERVED, mapped("by PROT_NONE memory", NO_ACCESS), "A PROT_NONE reservation"),
    counts(WRITABLE, change("by mprotect of PROT_NONE memory", made_writable), "mprotect to writable", "growth"),
    Small(WRITABLE, "errno in mode 2", past_the_limit("of mprotect of a reservation of 120 % of the limit", 120, reserved=True),
          past_the_limit("of mmap of 120 % of the limit", 120, reserved=False),
          past_the_limit("of mprotect of a reservation of 20 % of the limit", 20, reserved=True), of=Errno, unit="errno",
          key="refused",
          if_true=Exactly(errno.ENOMEM, "it fails"), if_false=Exactly(0, "it does not"),
          says="and past the limit of mode 2 it was {value:answer}."),
    counts(SHARED_FILE, of_file("by a shared file mapping", shared=True, write=True), "A shared writable file mapping"),
    counts(READ_ONLY, of_file("by a private read-only file mapping", shared=False, write=False),
    "A private read-only file mapping"),
    counts(TOUCH, LOOKED, "A touch"),
    Small(THREAD, f"growth of Committed_AS by {THREADS} threads",
          change("that only wait", threads),
          mapped("instead of which as much was mapped", size=THREADS * STACK),
          mapped("instead of which as much was mapped read-only", READ),
          of=growth, if_true=Within(pages(THREADS * STACK), pages(THREADS * STACK) + THREADS, "8 MiB each, or a page more"),
          if_false=Outside(pages(THREADS * STACK), pages(THREADS * STACK) + THREADS, "another size"),
          says=f"{THREADS} threads made Committed_AS grow by {{value}} pages."),
    version=2,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), changes=("sysctl", "mount"), throwaway=True),
)
