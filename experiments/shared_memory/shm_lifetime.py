"""What outlives its processes: System V segments, POSIX shared memory, shared anonymous memory?

A parent and its child use 16 MiB of a kind and exit: a System V segment, a POSIX object, shared anonymous memory.
Shmem tells whether the memory stays used, and a later process looks for the content by id or name. Then the object is
removed and Shmem is read again. A tmpfs file and an unlinked one show both answers.
"""

import os

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known
from harness.needs import MIB, Needs
from harness.operations import IPC_RMID
from harness.procedure import Lab, Probe
from harness.quantities import Change, Quantity, Recorded, pages

SIZE = 16 * MIB

SYSV = Claim(
    "sysv-shm-survives-exit",
    "A System V segment outlives its processes until it is removed, and its memory stays used.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "sysvipc(7); ipc/shm.c, shm_may_destroy: a segment without attachments "
                            "goes only with SHM_DEST or kernel.shm_rmid_forced (v6.12)"),))
POSIX = Claim(
    "posix-shm-survives-exit", "POSIX shared memory outlives its processes until it is unlinked.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "shm_overview(7), Persistence; it is a file of /dev/shm (glibc 2.36, shm_open)"),))
ANONYMOUS = Claim(
    "shared-anon-survives-exit", "Shared anonymous memory outlives its processes.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, shmem_zero_setup: the mapping holds the only reference to a file without a "
                          "name, which is evicted with the last of them (v6.12)"),))


def make(probe: Probe, kind: str, files: str) -> int:
    """Memory of that kind, filled: the segment's id, 0 for what has none."""
    if kind == "System V":
        segment = probe.shmget(SIZE).value
        probe.region(probe.shmat(segment).value, SIZE).fill()
        return segment
    if kind == "anonymous":
        probe.map(SIZE, shared=True).fill()
        return 0
    flags = os.O_RDWR | os.O_CREAT
    fd = (probe.shm_open("/object", flags) if kind == "POSIX" else probe.open(f"{files}/{kind}", flags)).value
    probe.ftruncate(fd, SIZE)
    probe.map(SIZE, shared=True, fd=fd).fill()
    if kind == "unlinked":
        probe.unlink(f"{files}/{kind}")
    return 0


def found(probe: Probe, kind: str, files: str, segment: int) -> int:
    """How many pages of the content another process finds, by the id or the name."""
    if kind == "System V":
        memory = probe.region(probe.shmat(segment).value, SIZE)
        pages_found = memory.check()
        probe.shmdt(memory.address)
        return pages_found
    name = probe.attempt.shm_open("/object", os.O_RDWR) if kind == "POSIX" else probe.attempt.open(f"{files}/{kind}")
    if name.error:
        return 0
    pages_found = probe.check_file(name.value, SIZE).value
    probe.close(name.value)
    return pages_found


def procedure(lab: Lab) -> None:
    lab.mount_shm()
    files = lab.mount_tmpfs()
    later = lab.probe("later")
    for kind in ("file", "unlinked", "anonymous", "System V", "POSIX"):
        lab.sample(f"{kind}: before")
        parent = lab.probe(f"{kind}: parent")
        segment = make(parent, kind, files)
        child = lab.fork(parent, f"{kind}: child")
        parent.end()
        child.end()
        lab.sample(f"{kind}: exited")
        if kind != "anonymous":
            lab.record(f"{kind}: content", found(later, kind, files, segment))
        if kind == "System V":
            later.shmctl(segment, IPC_RMID)
        elif kind == "POSIX":
            later.shm_unlink("/object")
        lab.sample(f"{kind}: removed")


def growth(kind: str, until: str, what: str) -> Quantity:
    return Change("meminfo:Shmem", f"{kind}: before", f"{kind}: {until}").called(f"growth of Shmem by {what}")


def lives(claim: Claim, kind: str, what: str) -> Expect:
    return Expect(claim, growth(kind, "exited", f"{what}, its processes gone"),
                  if_true=Exactly(pages(SIZE), "every page that was filled, and no other"),
                  if_false=AtMost(pages(SIZE) - 1, "some or all of it went with the processes"),
                  reads_true=growth("file", "exited", "a tmpfs file, its writers gone"),
                  reads_false=growth("unlinked", "exited", "an unlinked tmpfs file, its writers gone"),
                  says=f"Of {{bound}} pages of {what} {{value}} were still used when both processes had exited.")


def named(claim: Claim, kind: str, what: str) -> tuple[Expect, ...]:
    content = f"pages of the content of {what} that a later process finds"
    return (
        Expect(claim, Recorded(f"{kind}: content", "pages", title=content),
               if_true=Exactly(pages(SIZE), "every page that was filled"),
               if_false=AtMost(pages(SIZE) - 1, "some or all of it is lost"),
               reads_true=Recorded("file: content", "pages", title="the same of a tmpfs file"),
               reads_false=Recorded("unlinked: content", "pages", title="the same of an unlinked tmpfs file"),
               says="A later process found {value} of them."),
        Expect(claim, growth(kind, "removed", f"{what}, once removed"),
               if_true=Exactly(0, "all of it is given back"), if_false=AtLeast(1, "some of it stays"),
               reads_true=growth("unlinked", "removed", "an unlinked tmpfs file, its writers gone"),
               reads_false=growth("file", "removed", "a tmpfs file that nobody removes"),
               says="Once it was removed, {value} were left."))


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    expects=(lives(SYSV, "System V", "a System V segment"), *named(SYSV, "System V", "a System V segment"),
             lives(POSIX, "POSIX", "a POSIX object"), *named(POSIX, "POSIX", "a POSIX object"),
             lives(ANONYMOUS, "anonymous", "a shared anonymous mapping")),
)
