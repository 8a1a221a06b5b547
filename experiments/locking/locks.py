"""What does a memory lock do to pages, and how long does it last: mlock, mlock2, mlockall, SHM_LOCK?

Memory of 2 MiB is locked in one way or the other, and the pagemap tells which pages are there, and whether they are the file's
own or anonymous. VmLck of the process, or of its child, tells what is locked, and the errno of a call what a lock forbids.
Memory that is filled, and memory that is not locked, show how the answers read.
"""

import errno
from collections.abc import Callable

from experiments.sections import LOCKING
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Counter, Disk, Errno, Exactly, Known, Needs, Not, Pages,
    Quantity,
    Small,
    pages, table,
)
from harness.lab import (
    DONTNEED, IPC_RMID, MCL_CURRENT, MCL_FUTURE, MLOCK_ONFAULT, SHM_LOCK, Lab, Probe, Region,
)
from harness.lab.helpers.reclaim import empty_batch

SIZE = 2 * MIB
MAN = "(man-pages 6.03)"

INHERITS = Claim(
    "mlock-fork-inherits", "A child inherits its parent's memory locks.", LOCKING,
    known=(Known(REFUTED, f"mlock(2), NOTES {MAN}: not inherited by a child created via fork(2)"),),
    instead="Call mlock() or mlockall() in the child again: it begins without locks.")
STACKS = Claim(
    "mlock-stacks", "Two mlocks of a range need two munlocks.", LOCKING,
    known=(Known(REFUTED, f"mlock(2), NOTES {MAN}: memory locks do not stack"),),
    instead="Keep count yourself where several parts of a program lock the same pages: one munlock() undoes all locks of them.")
RESIDENT = Claim(
    "mlock-makes-resident", "mlock makes every page of a range resident, never touched ones too.", LOCKING,
    known=(Known(CONFIRMED,
                 f"mlock(2), DESCRIPTION {MAN}: all pages are guaranteed to be resident when the call returns successfully"),))
LAZY = Claim(
    "mlock-onfault-lazy", "mlock2 with MLOCK_ONFAULT makes no page resident.", LOCKING,
    known=(Known(CONFIRMED, f"mlock(2), MLOCK_ONFAULT {MAN}"),))
BREAKS = Claim(
    "mlock-breaks-cow", "mlock of a private writable file mapping copies all its pages to anonymous memory at once.", LOCKING,
    known=(Known(CONFIRMED,
                 "mm/gup.c, populate_vma_page_range: FOLL_WRITE where a mapping is writable and not shared, “in order to break "
                 "COW” (v5.10 to v7.2); mlock(2) says nothing of it"),))
KEEPS = Claim(
    "mlock-readonly-keeps-cache", "mlock of a read-only private file mapping copies nothing.", LOCKING,
    known=(Known(CONFIRMED, "mm/gup.c, populate_vma_page_range: FOLL_WRITE where a mapping is writable (v5.10 to v7.2)"),))
EINVAL = Claim(
    "mlock-dontneed-einval", "MADV_DONTNEED of locked pages fails with EINVAL.", LOCKING,
    known=(Known(CONFIRMED, f"madvise(2), ERRORS, EINVAL {MAN}"),))
UNLOCKS = Claim(
    "mlock-munmap-unlocks", "munmap of a locked range takes it off VmLck and Unevictable.", LOCKING,
    known=(Known(CONFIRMED, f"mlock(2), NOTES {MAN}: locks are removed if the range is unmapped via munmap(2)"),))
FUTURE = Claim(
    "mlock-future-populates", "After mlockall(MCL_FUTURE) every new anonymous mapping that may be read or written is resident at "
    "once.", LOCKING,
    known=(Known(CONFIRMED, f"mlockall(2), MCL_FUTURE {MAN}; mm/mmap.c, do_mmap: VM_LOCKED populates (v5.10 to v7.2)"),))
LOST = Claim(
    "mlock-mcl-future-lost", "A later mlockall(MCL_CURRENT) undoes an earlier MCL_FUTURE.", LOCKING,
    known=(Known(CONFIRMED, "mm/mlock.c, apply_mlockall_flags: def_flags are cleared first (v5.10 to v7.2)"),))
SEGMENT = Claim(
    "shm-lock-populates", "SHM_LOCK makes all pages of a segment resident.", LOCKING,
    known=(Known(REFUTED, f"shmctl(2), SHM_LOCK {MAN}: the caller must fault in any pages that are required to be present"),),
    instead="Touch every page of a segment after SHM_LOCK: the lock keeps pages that are there, and brings none.")


def made(words: str, make: Callable[[Lab, Probe], Region]) -> Case:
    """Samples what each page of a region is."""
    def do(lab: Lab, at: str) -> None:
        lab.sample(at, pages={"memory": make(lab, lab.probe(at))})
    return Case(words, do)


def of_file(lab: Lab, probe: Probe, *, write: bool) -> Region:
    """Maps a file privately, and reads it."""
    fd = probe.create_file(f"{lab.mount_disk()}/file", SIZE)
    lab.sync()
    return probe.map(SIZE, fd=fd, write=write).read()


def on_fault(lab: Lab, probe: Probe) -> Region:
    memory = probe.map(SIZE)
    probe.mlock2(memory.address, SIZE, MLOCK_ONFAULT)
    return memory


def after_mlockall(*flags: int) -> Callable[[Lab, Probe], Region]:
    """Makes a mapping after mlockall with each of these flags."""
    def make(lab: Lab, probe: Probe) -> Region:
        for one in flags:
            probe.mlockall(one)
        return probe.map(SIZE)
    return make


def segment(probe: Probe, lock: bool) -> Region:
    number = probe.shmget(SIZE).value
    memory = probe.region(probe.shmat(number).value, SIZE)
    if lock:
        probe.shmctl(number, SHM_LOCK)
    probe.shmctl(number, IPC_RMID)
    # What a page table has is not what the segment has: mincore asks the segment.
    return memory


def amount(words: str, act: Callable[[Region], object], *, child: bool = False) -> Case:
    """Samples VmLck and Unevictable after something is done with memory that is locked; child: of a child instead."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(f"{at}, parent" if child else at)
        memory, spare = probe.map(SIZE).fill(), probe.map(lab.page_size).fill()
        empty_batch(spare)
        lab.sample(f"{at} before")
        act(memory)
        if child:
            lab.fork(memory.probe, at)
        empty_batch(spare)
        lab.sample(at)
    return Case(words, do)


def tried(words: str, advice: int, *, lock: bool, aligned: bool = True) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        memory = probe.map(SIZE).fill()
        if lock:
            memory.lock()
        probe.try_as(at).madvise(memory.address + (not aligned), SIZE, advice)
    return Case(words, do)


def times(locks: int, unlocks: int) -> Callable[[Region], None]:
    """Locks and unlocks a region so many times."""
    def act(memory: Region) -> None:
        for _ in range(locks):
            memory.lock()
        for _ in range(unlocks):
            memory.probe.munlock(memory.address, SIZE)
    return act


def lock_and_unmap(memory: Region) -> None:
    memory.lock()
    memory.unmap()


def state(name: str) -> Callable[[str], Quantity]:
    return lambda at: Pages(at, "memory", name)


def locked(at: str) -> Quantity:
    return Counter(f"{at}/status:VmLck", at)


def incore(words: str, make: Callable[[Probe], Region]) -> Case:
    """Records how many pages of shared memory are there, whoever has them mapped."""
    def do(lab: Lab, at: str) -> None:
        memory = make(lab.probe(at))
        lab.record(at, memory.probe.mincore(memory.address, SIZE).value)
    return Case(words, do)


ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")
NONE, SOME = Exactly(0, "not a page"), AtLeast(1, "a page is enough")
FILLED, UNTOUCHED = made("of filled memory", lambda lab, probe: probe.map(SIZE).fill()), made("of memory", lambda lab,
                                                                                              probe: probe.map(SIZE))
LOCKED, UNLOCKED = amount("after mlock", times(1, 0)), amount("without a lock", times(0, 0))
EXPERIMENT = table(
    Small(INHERITS, "VmLck", amount("of the child of a process that has locked 2 MiB", times(1, 0), child=True), LOCKED,
          UNLOCKED, ALL,
          NOT_ALL, of=locked, says="The child of a process that has locked {bound} pages had {value} locked."),
    Small(STACKS, "VmLck", amount("after mlock twice and munlock once", times(2, 1)), LOCKED,
          amount("after mlock and munlock", times(1, 1)),
          ALL, NOT_ALL, of=locked, says="After two mlocks and one munlock {value} of {bound} pages were locked."),
    Small(RESIDENT, "resident pages", made("after mlock", lambda lab, probe: probe.map(SIZE).lock()), FILLED, UNTOUCHED, ALL,
          NOT_ALL,
          of=state("resident"), says="mlock made {value} of {bound} untouched pages resident."),
    Small(LAZY, "resident pages", made("after mlock2 with MLOCK_ONFAULT", on_fault), UNTOUCHED, FILLED, NONE, SOME,
          of=state("resident"),
          says="mlock2 with MLOCK_ONFAULT made {value} pages resident."),
    Small(BREAKS, "anonymous pages", made("of a private writable file mapping after mlock",
                                          lambda lab, probe: of_file(lab, probe, write=True).lock()),
          made("of a private writable file mapping that is filled", lambda lab, probe: of_file(lab, probe, write=True).fill(2)),
          made("of a private writable file mapping that is read", lambda lab, probe: of_file(lab, probe, write=True)), ALL,
          NOT_ALL,
          of=state("anonymous"),
          says="After mlock {value} of {bound} pages of a private writable file mapping were anonymous copies."),
    Small(KEEPS, "pages that are the file's own", made("of a private read-only file mapping after mlock",
                                                       lambda lab, probe: of_file(lab, probe, write=False).lock()),
          made("of a private read-only file mapping that is read", lambda lab, probe: of_file(lab, probe, write=False)),
          made("of a private writable file mapping that is filled", lambda lab, probe: of_file(lab, probe, write=True).fill(2)),
          ALL,
          NOT_ALL, of=state("file"),
          says="After mlock {value} of {bound} pages of a private read-only mapping were the file's own."),
    Small(EINVAL, "errno", tried("of MADV_DONTNEED of locked memory", DONTNEED, lock=True),
          tried("of MADV_DONTNEED of no page's address", DONTNEED, lock=False, aligned=False),
          tried("of MADV_DONTNEED of memory that is not locked", DONTNEED, lock=False),
          Exactly(errno.EINVAL, "the claim's errno"), Not(errno.EINVAL, "taken, or refused otherwise"), of=Errno, unit="errno",
          says="MADV_DONTNEED of locked memory gave {value:errno}."),
    Small(UNLOCKS, "VmLck", amount("after mlock and munmap", lock_and_unmap), amount("after mlock and munlock", times(1, 1)),
          LOCKED, NONE,
          SOME, of=locked, key="VmLck", says="After munmap of a locked range VmLck was {value} pages,"),
    Small(UNLOCKS, "growth of Unevictable", amount("after mlock and munmap", lock_and_unmap),
          amount("after mlock and munlock", times(1, 1)), LOCKED,
          NONE, SOME, of=lambda at: Change("meminfo:Unevictable", f"{at} before", at),
          key="Unevictable",
          says="and Unevictable had grown by {value}."),
    Small(FUTURE, "resident pages", made("of a mapping after mlockall(MCL_FUTURE)", after_mlockall(MCL_FUTURE)), FILLED,
          UNTOUCHED, ALL,
          NOT_ALL, of=state("resident"),
          says="After mlockall(MCL_FUTURE) {value} of {bound} pages of a new mapping were resident."),
    Small(LOST, "resident pages",
          made("of a mapping after MCL_FUTURE and MCL_CURRENT", after_mlockall(MCL_FUTURE, MCL_CURRENT)), UNTOUCHED,
          made("of a mapping after MCL_CURRENT and MCL_FUTURE", after_mlockall(MCL_CURRENT, MCL_FUTURE)), NONE, SOME,
          of=state("resident"),
          says="After MCL_FUTURE and then MCL_CURRENT {value} pages of a new mapping were resident."),
    Small(SEGMENT, "pages that are there", incore("of a segment after SHM_LOCK", lambda probe: segment(probe, True)),
          incore("of a segment that is filled", lambda probe: segment(probe, False).fill()),
          incore("of a segment", lambda probe: segment(probe, False)), ALL, NOT_ALL, unit="pages",
          says="After SHM_LOCK {value} of {bound} pages of a segment were there."),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), changes=("mount",)),
    version=2,
)
