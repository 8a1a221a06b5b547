"""Are semaphores of both kinds tmpfs or page cache memory?

System V semaphore sets with many members are made, then named POSIX semaphores, and the growth of Cached is read for
each. For the named ones the kernel's page flags tell whether the page of each is a tmpfs page. A tmpfs file and
anonymous memory show how both answers read.
"""

from experiments.sections import OTHER_IPC
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs,
    Pages, Quantity, pages,
)
from harness.lab import IPC_RMID, Lab

SETS, SEMAPHORES = 8, 32_000        # the most that a set may have: SEMMSL, semget(2)
VALUES = 2 * SETS * SEMAPHORES      # bytes: a semaphore's value alone (0 to 32,767) takes two
NAMED = 64
SIZE = 1 * MIB

SYSV_SEM = Claim(
    "sysv-sem-on-tmpfs", "System V semaphores are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(REFUTED, "ipc/sem.c, sem_alloc (v5.10 to v7.2): kvzalloc, kvzalloc_flex (v7.2)"),),
    instead="System V semaphores are kernel memory of their own, limited by kernel.sem; only POSIX named semaphores are "
            "files on tmpfs.")
NAMED_SEM = Claim(
    "posix-named-sem-on-tmpfs", "POSIX named semaphores are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(CONFIRMED, "sem_overview(7): a named semaphore is a file sem.NAME under /dev/shm, where a tmpfs is mounted"),))


def procedure(lab: Lab) -> None:
    tmpfs = lab.mount_tmpfs()
    lab.mount_shm()
    probe = lab.probe()
    probe.map(1 * MIB).fill().unmap()       # what a first fill touches of the program itself is there from now on
    lab.sample("before")
    file = probe.create_file(f"{tmpfs}/file", SIZE)
    lab.sample("tmpfs file")
    anonymous = probe.map(SIZE).fill()
    lab.sample("anonymous memory")
    sets = [probe.semget(SEMAPHORES).value for _ in range(SETS)]
    lab.sample("System V semaphores")
    named = [probe.sem_open(f"/semaphore-{number}").value for number in range(NAMED)]
    starts = [address // lab.page_size * lab.page_size for address in named]
    lab.sample("named semaphores", pages={
        "named semaphores": [probe.region(start, lab.page_size).read() for start in starts],
        "tmpfs file": probe.map(NAMED * lab.page_size, shared=True, fd=file).read(),
        "anonymous memory": anonymous.part(0, NAMED * lab.page_size)})
    for semaphores in sets:
        probe.semctl(semaphores, 0, IPC_RMID)
    for number in range(NAMED):
        probe.sem_unlink(f"/semaphore-{number}")


ORDER = ("before", "tmpfs file", "anonymous memory", "System V semaphores", "named semaphores")


def cached(what: str) -> Quantity:
    return Change("meminfo:Cached", ORDER[ORDER.index(what) - 1], what).called(f"growth of Cached by the {what}")


def shmem(what: str) -> Quantity:
    return Pages("named semaphores", what, "shmem").called(f"tmpfs pages of {NAMED}: {what}")


def on_tmpfs(claim: Claim, what: str, size: Quantity, says: str) -> Expect:
    return Expect(claim, cached(what),
                  if_true=AtLeast(size, "what they hold, all of it"), if_false=AtMost(size - 1, "not all of it"),
                  reads_true=cached("tmpfs file"), reads_false=cached("anonymous memory"), says=says)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    guards=(Guard(Pages("named semaphores", "named semaphores"), Exactly(NAMED), "each must be there to be seen"),),
    expects=(
        on_tmpfs(SYSV_SEM, "System V semaphores", pages(VALUES),
                 f"{SETS * SEMAPHORES:,} System V semaphores, {VALUES // KIB} KiB of values alone, made Cached grow by "
                 "{value} pages."),
        on_tmpfs(NAMED_SEM, "named semaphores", pages(1) * NAMED,
                 f"{NAMED} named semaphores made Cached grow by {{value}} pages."),
        Expect(NAMED_SEM, shmem("named semaphores"),
               if_true=Exactly(NAMED, "a page of a file each"), if_false=AtMost(NAMED - 1, "one less is enough"),
               reads_true=shmem("tmpfs file"), reads_false=shmem("anonymous memory"),
               says="{value} of them lay in tmpfs pages."),
    ),
)
