"""Do System V segments and POSIX shared memory outlive their processes, until they are removed?

A parent fills a System V segment or a POSIX object, forks, and both processes exit. Shmem tells whether the memory is
still used, and a later process looks for the content by id or name. Then the object is removed and Shmem is read once
more. A tmpfs file and an unlinked one show how both answers read.
"""

import os

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded,
    pages,
)
from harness.lab import IPC_RMID, Lab, Probe

SIZE = 8 * MIB

SYSV = Claim(
    "sysv-shm-survives-exit",
    "A System V segment outlives its processes until it is removed or its IPC namespace ends (kernel.shm_rmid_forced 0), and its "
    "memory stays used.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "sysvipc(7); ipc/shm.c, shm_may_destroy: a segment without attachments goes only with "
                            "SHM_DEST or kernel.shm_rmid_forced (v5.10, v6.12)"),))
POSIX = Claim(
    "posix-shm-survives-exit", "POSIX shared memory outlives its processes until it is unlinked.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "shm_overview(7), Persistence; it is a file of /dev/shm (glibc 2.36, shm_open)"),))

FILES = {"POSIX": "/dev/shm/object", "file": "/mnt/tmpfs/file", "unlinked": "/mnt/tmpfs/unlinked"}


def make(probe: Probe, kind: str) -> int:
    """Fills memory of that kind: the segment's id, 0 for what has a name instead."""
    if kind == "System V":
        segment = probe.shmget(SIZE).value
        probe.region(probe.shmat(segment).value, SIZE).fill()
        return segment
    fd = (probe.shm_open("/object") if kind == "POSIX" else probe.open(FILES[kind], os.O_RDWR | os.O_CREAT)).value
    probe.ftruncate(fd, SIZE)
    probe.map(SIZE, shared=True, fd=fd).fill()
    if kind == "unlinked":
        probe.unlink(FILES[kind])
    return 0


def found(probe: Probe, kind: str, segment: int) -> int:
    """How many pages of the content another process finds, by the id or the name."""
    if kind == "System V":
        return probe.region(probe.shmat(segment).value, SIZE).check()
    opened = probe.attempt.shm_open("/object", os.O_RDWR) if kind == "POSIX" else probe.attempt.open(FILES[kind])
    return 0 if opened.error else probe.check_file(opened.value, SIZE).value


def procedure(lab: Lab) -> None:
    lab.mount_shm()
    lab.mount_tmpfs()
    for kind in ("file", "unlinked", "System V", "POSIX"):
        lab.sample(f"{kind}: before")
        parent = lab.probe(f"{kind}: parent")
        segment = make(parent, kind)
        child = lab.fork(parent, f"{kind}: child")
        parent.end()
        child.end()
        lab.sample(f"{kind}: exited")
        later = lab.probe(f"{kind}: later")
        lab.record(f"{kind}: content", found(later, kind, segment))
        if kind == "System V":
            later.shmctl(segment, IPC_RMID)
        elif kind == "POSIX":
            later.shm_unlink("/object")
        later.end()
        lab.sample(f"{kind}: removed")


def growth(kind: str, until: str, what: str) -> Quantity:
    return Change("meminfo:Shmem", f"{kind}: before", f"{kind}: {until}").called(f"growth of Shmem by {what}")


def content(kind: str, what: str) -> Quantity:
    return Recorded(f"{kind}: content", "pages", title=f"pages of the content of {what} that a later process finds")


def lives(claim: Claim, kind: str, what: str) -> tuple[Expect, ...]:
    every, less = Exactly(pages(SIZE), "every page that was filled"), AtMost(pages(SIZE) - 1, "one that is gone is enough")
    return (
        Expect(claim, growth(kind, "exited", f"{what}, its processes gone"), if_true=every, if_false=less,
               reads_true=growth("file", "exited", "a tmpfs file, its writers gone"),
               reads_false=growth("unlinked", "exited", "an unlinked tmpfs file, its writers gone"),
               says=f"Of {{bound}} pages of {what} {{value}} were still used when both processes had exited."),
        Expect(claim, content(kind, what), if_true=every, if_false=less,
               reads_true=content("file", "a tmpfs file"), reads_false=content("unlinked", "an unlinked tmpfs file"),
               says="A later process found {value} of {bound} pages."),
        Expect(claim, growth(kind, "removed", f"{what}, once removed"),
               if_true=Exactly(0, "all of it is given back"), if_false=AtLeast(1, "some of it stays"),
               reads_true=growth("unlinked", "removed", "an unlinked tmpfs file, its writers gone"),
               reads_false=growth("file", "removed", "a tmpfs file that nobody removes"),
               says="Once it was removed, {value} pages were left."))


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(*lives(SYSV, "System V", "a System V segment"), *lives(POSIX, "POSIX", "a POSIX object")),
    version=2,
)
