"""What does the size of /dev/shm limit, and how does a process learn that it is used up?

A tmpfs of 8 MiB is mounted on /dev/shm. A System V segment, a POSIX object, a memfd and shared anonymous memory of 32 MiB each
are filled there, until it is done or the process ends; the growth of Shmem tells how far it got. Then half of /dev/shm is
used by another object, and an object is made longer, allocated, written or touched: errno, or the signal that ends the process
(SIGBUS is what shells call a bus error), tells the answer.
"""

import errno
import signal
from collections.abc import Callable

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Document, Errno, Exactly, Known, Needs, Not, Quantity, Signal,
    Small, pages, table,
)
from harness.lab import IPC_RMID, Lab, Probe

SIZE, LIMIT = 32 * MIB, 8 * MIB
INTERNAL = ("mm/shmem.c, shmem_fill_super: the kernel's own mount, where {} lie, is left unlimited; "
            "Documentation/filesystems/tmpfs.rst, “There is always a kernel internal mount which you will not see at all” "
            "(v5.10 to v7.2)")

SYSV = Claim(
    "shm-dev-shm-limits-sysv", "The size of /dev/shm limits System V shared memory.", SHARED_MEMORY,
    known=(Known(REFUTED, INTERNAL.format("System V segments")),),
    instead="Limit System V shared memory with kernel.shmmax, kernel.shmall or memory.max: --shm-size and the mount of /dev/shm "
            "limit only shm_open() and files made there.")
TRUNCATE = Claim(
    "shm-open-full-enospc", "shm_open plus ftruncate beyond /dev/shm's size fails with ENOSPC.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, shmem_setattr writes the size and takes no block (v5.10 to v7.2)"),),
    instead="Call posix_fallocate() after ftruncate() on a POSIX object, and check what it returns: ftruncate() succeeds beyond "
            "what /dev/shm holds, and a later touch ends in SIGBUS.")
SIGBUS = Claim(
    "shm-full-sigbus", "Touching POSIX shared memory beyond /dev/shm's free space raises SIGBUS.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_fault: the ENOSPC of shmem_inode_acct_blocks (v6.12, v7.2), "
                            "shmem_inode_acct_block (v5.10, v6.1) becomes a SIGBUS"),))
ALLOCATE = Claim(
    "shm-fallocate-safe", "posix_fallocate on the object reports the lack with ENOSPC beforehand.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_fallocate: shmem_undo_range takes back what it got (v5.10 to v7.2)"),),
    document=Document("posix_fallocate(3), ERRORS, ENOSPC (man-pages 6.03)"))
MEMFD = Claim(
    "memfd-beyond-dev-shm", "memfd memory is not limited by the size of /dev/shm.", SHARED_MEMORY,
    known=(Known(CONFIRMED, INTERNAL.format("memfds")),))


def grown(words: str, fill: Callable[[Probe], object]) -> Case:
    """Samples before and after a process fills SIZE, or as much of it as it gets."""
    def do(lab: Lab, at: str) -> None:
        lab.mount_shm(LIMIT)
        probe = lab.probe(at)
        lab.sample(f"{at}: before")
        fill(probe)
        lab.sample(f"{at}: after")
    return Case(words, do)


def segment(probe: Probe) -> None:
    made = probe.attempt.shmget(SIZE)
    if not made.error:
        address = probe.shmat(made.value).value
        probe.shmctl(made.value, IPC_RMID)      # it goes with the process
        probe.attempt.fill(address, SIZE)


def mapped(probe: Probe, fd: int) -> None:
    probe.ftruncate(fd, SIZE)
    probe.attempt.fill(probe.map(SIZE, shared=True, fd=fd).address, SIZE)


def half_used(words: str, act: Callable[[Probe, int, str], object]) -> Case:
    """Does something with an object, of whose name it is the outcome, while half of /dev/shm is used by another."""
    def do(lab: Lab, at: str) -> None:
        lab.mount_shm(LIMIT)
        probe = lab.probe(at)
        probe.write(probe.shm_open("/other").value, LIMIT // 2)
        act(probe, probe.shm_open("/object").value, at)
    return Case(words, do)


def touched(size: int, length: int) -> Callable[[Probe, int, str], object]:
    """Fills `length` bytes of a mapping of an object of `size` bytes."""
    def act(probe: Probe, fd: int, at: str) -> None:
        probe.ftruncate(fd, size)
        probe.map(length, shared=True, fd=fd).try_as(at).fill()
    return act


def growth(at: str) -> Quantity:
    return Change("meminfo:Shmem", f"{at}: before", f"{at}: after")


POSIX = grown("by filling a POSIX object of 32 MiB", lambda probe: mapped(probe, probe.shm_open("/object").value))
ANONYMOUS = grown("by filling 32 MiB of shared anonymous memory", lambda probe: probe.map(SIZE, shared=True).fill())
OVERFULL = half_used("of writing 32 MiB to it", lambda probe, fd, at: probe.try_as(at).write(fd, SIZE))
WITHIN, BEYOND = AtMost(pages(LIMIT), "no page more than /dev/shm holds"), AtLeast(pages(LIMIT) + 1, "a page more is beyond it")
ENOSPC, OTHER = Exactly(errno.ENOSPC, "the claim's errno"), Not(errno.ENOSPC, "granted, or refused otherwise")

EXPERIMENT = table(
    Small(SYSV, "growth of Shmem", grown("by filling a System V segment of 32 MiB", segment), POSIX, ANONYMOUS, of=growth,
          if_true=WITHIN, if_false=BEYOND,
          says="Filling a System V segment of 8,192 pages made Shmem grow by {value}, with a /dev/shm of 2,048."),
    Small(TRUNCATE, "errno", half_used("of ftruncate to 32 MiB", lambda probe, fd, at: probe.try_as(at).ftruncate(fd, SIZE)),
          OVERFULL, half_used("of ftruncate to 2 MiB", lambda probe, fd, at: probe.try_as(at).ftruncate(fd, LIMIT // 4)),
          of=Errno, unit="errno", if_true=ENOSPC, if_false=OTHER,
          says="An ftruncate of an object to 32 MiB, with a /dev/shm of 8 MiB, was {value:answer}."),
    Small(SIGBUS, "signal", half_used("of touching 8 MiB of an object", touched(LIMIT, LIMIT)),
          half_used("of touching past the object's end", touched(MIB, 2 * MIB)),
          half_used("of touching 2 MiB of an object", touched(LIMIT // 4, LIMIT // 4)), of=Signal, unit="signal",
          if_true=Exactly(signal.SIGBUS, "the claim's signal"), if_false=Not(signal.SIGBUS, "none, or another"),
          says="Touching more than was free in /dev/shm ended in {value}."),
    Small(ALLOCATE, "errno", half_used("of fallocate of 8 MiB", lambda probe, fd, at: probe.try_as(at).fallocate(fd, 0, LIMIT)),
          OVERFULL, half_used("of fallocate of 2 MiB", lambda probe, fd, at: probe.try_as(at).fallocate(fd, 0, LIMIT // 4)),
          of=Errno, unit="errno", if_true=ENOSPC, if_false=OTHER,
          says="A fallocate of more than was free in /dev/shm was {value:answer}."),
    Small(MEMFD, "growth of Shmem",
          grown("by filling a memfd of 32 MiB", lambda probe: mapped(probe, probe.memfd("object").value)), ANONYMOUS,
          POSIX, of=growth, if_true=BEYOND, if_false=WITHIN,
          says="Filling a memfd of 8,192 pages made Shmem grow by {value}, with a /dev/shm of 2,048."),
    needs=Needs(disks=(), changes=("mount",)),
)
