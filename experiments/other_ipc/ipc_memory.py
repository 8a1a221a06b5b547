"""Is what message queues and semaphores hold tmpfs or page cache memory?

8 MiB are put into a POSIX queue, as much into a System V queue, then 256,000 System V semaphores and 64 named POSIX
semaphores are made. After each step the growth of Cached is read, beside that of a tmpfs file and of anonymous memory
of the same size; for the named semaphores kpageflags tell what their pages are. How many bytes the queues hold is
read from the kernel's own files, so that what was not stored is not looked for.
"""

from experiments.sections import OTHER_IPC
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.needs import KIB, MIB, Needs
from harness.operations import IPC_RMID
from harness.procedure import Lab
from harness.quantities import Change, Pages, Quantity, Recorded, pages

MESSAGE, MESSAGES = 8 * KIB, 1024
SIZE = MESSAGE * MESSAGES
SETS, SEMAPHORES = 8, 32_000        # the most that a set may have: SEMMSL, semget(2)
VALUES = 2 * SETS * SEMAPHORES      # bytes: a semaphore's value alone (0 to 32,767) takes two
NAMED = 64
RLIMIT_MSGQUEUE = 12

ALLOC = "ipc/msgutil.c, alloc_msg: kmalloc (v6.12)"
POSIX_MQ = Claim(
    "posix-mq-on-tmpfs", "Messages in POSIX queues are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(REFUTED, f"ipc/mqueue.c, do_mq_timedsend, load_msg; {ALLOC}"),))
SYSV_MSG = Claim(
    "sysv-msg-on-tmpfs", "Messages in System V queues are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(REFUTED, f"ipc/msg.c, do_msgsnd, load_msg; {ALLOC}"),))
SYSV_SEM = Claim(
    "sysv-sem-on-tmpfs", "System V semaphores are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(REFUTED, "ipc/sem.c, sem_alloc: kvzalloc (v6.12)"),))
NAMED_SEM = Claim(
    "posix-named-sem-on-tmpfs", "POSIX named semaphores are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(CONFIRMED, "sem_overview(7): a named semaphore is a file sem.NAME of the tmpfs on /dev/shm"),))


def procedure(lab: Lab) -> None:
    lab.sysctl("kernel.msgmnb", 2 * SIZE)
    tmpfs, mqueue = lab.mount_tmpfs(), lab.mount("mqueue", "/mnt/mqueue", "mqueue")
    lab.mount("tmpfs", "/dev/shm", "tmpfs", "huge=never")
    probe = lab.probe()
    probe.rlimit(RLIMIT_MSGQUEUE, 4 * SIZE, 4 * SIZE)
    posix, sysv = probe.mq_open("/queue", MESSAGES, MESSAGE).value, probe.msgget().value
    probe.map(1 * MIB).fill().unmap()       # what a first fill touches of the program itself is there from now on
    lab.sample("before")
    file = probe.create_file(f"{tmpfs}/file", SIZE)
    lab.sample("tmpfs file")
    anonymous = probe.map(SIZE).fill()
    lab.sample("anonymous memory")
    probe.mq_send(posix, MESSAGE, MESSAGES)
    lab.sample("POSIX queue")
    probe.msgsnd(sysv, MESSAGE, MESSAGES)
    lab.sample("System V queue")
    sets = [probe.semget(SEMAPHORES).value for _ in range(SETS)]
    lab.sample("System V semaphores")
    named = [probe.sem_open(f"/semaphore-{number}").value for number in range(NAMED)]
    starts = [address // lab.page_size * lab.page_size for address in named]
    lab.sample("named semaphores", pages={
        "named semaphores": [probe.region(start, lab.page_size).read() for start in starts],
        "tmpfs file": probe.map(NAMED * lab.page_size, shared=True, fd=file).read(),
        "anonymous memory": anonymous.part(0, NAMED * lab.page_size)})
    # QSIZE is the bytes in the queue (mq_overview(7)); of /proc/sysvipc/msg the fourth column is.
    lab.record("in the POSIX queue", int(lab.read(f"{mqueue}/queue").split()[0].partition(":")[2]))
    lab.record("in the System V queue", int(lab.read("/proc/sysvipc/msg").splitlines()[1].split()[3]))
    probe.mq_unlink("/queue")
    probe.msgctl(sysv, IPC_RMID)
    for semaphores in sets:
        probe.semctl(semaphores, 0, IPC_RMID)


ORDER = ("before", "tmpfs file", "anonymous memory", "POSIX queue", "System V queue", "System V semaphores",
         "named semaphores")


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
    needs=Needs(changes=("mount", "sysctl")),
    rate=0,
    guards=(*(Guard(Recorded(f"in the {kind} queue", "bytes"), Exactly(SIZE), "the queue must hold the messages")
              for kind in ("POSIX", "System V")),
            Guard(Pages("named semaphores", "named semaphores"), Exactly(NAMED), "each must be there to be seen")),
    expects=(
        on_tmpfs(POSIX_MQ, "POSIX queue", pages(SIZE),
                 f"{SIZE // MIB} MiB of messages in a POSIX queue made Cached grow by {{value}} pages."),
        on_tmpfs(SYSV_MSG, "System V queue", pages(SIZE),
                 f"{SIZE // MIB} MiB of messages in a System V queue made Cached grow by {{value}} pages."),
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
