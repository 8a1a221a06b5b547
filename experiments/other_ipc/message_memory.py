"""Are the messages in queues of both kinds tmpfs or page cache memory?

A POSIX queue and a System V queue are filled with 8 KiB messages to a known number of bytes, and the growth of Cached
is read for each. A tmpfs file and anonymous memory of the same size show how both answers read. The queues' own
counters tell that the messages are in them.
"""

from experiments.sections import OTHER_IPC
from harness.claims import (
    KIB, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity,
    Recorded, pages,
)
from harness.lab import IPC_RMID, Lab

MESSAGE, MESSAGES = 8 * KIB, 1024
SIZE = MESSAGE * MESSAGES
RLIMIT_MSGQUEUE = 12

ALLOC = "ipc/msgutil.c, alloc_msg (v5.10 to v7.2): kmalloc, of which kmem_buckets_alloc (v6.12, v7.2) is a kind"
POSIX_MQ = Claim(
    "posix-mq-on-tmpfs", "Messages in POSIX queues are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(REFUTED, f"ipc/mqueue.c, do_mq_timedsend, load_msg; {ALLOC}"),),
    instead="Look for messages under Slab in /proc/meminfo and slab in memory.stat; RLIMIT_MSGQUEUE limits them.")
SYSV_MSG = Claim(
    "sysv-msg-on-tmpfs", "Messages in System V queues are tmpfs / page cache memory.", OTHER_IPC,
    known=(Known(REFUTED, f"ipc/msg.c, do_msgsnd, load_msg; {ALLOC}"),),
    instead="Look for messages under Slab in /proc/meminfo and slab in memory.stat; kernel.msgmnb and kernel.msgmni limit "
            "them.")


def procedure(lab: Lab) -> None:
    lab.sysctl("kernel.msgmnb", 2 * SIZE)
    tmpfs, mqueue = lab.mount_tmpfs(), lab.mount("mqueue", "/mnt/mqueue", "mqueue")
    probe = lab.probe()
    probe.rlimit(RLIMIT_MSGQUEUE, 4 * SIZE, 4 * SIZE)
    posix, sysv = probe.mq_open("/queue", MESSAGES, MESSAGE).value, probe.msgget().value
    probe.map(1 * MIB).fill().unmap()       # what a first fill touches of the program itself is there from now on
    lab.sample("before")
    probe.create_file(f"{tmpfs}/file", SIZE)
    lab.sample("tmpfs file")
    probe.map(SIZE).fill()
    lab.sample("anonymous memory")
    probe.mq_send(posix, MESSAGE, MESSAGES)
    lab.sample("POSIX queue")
    probe.msgsnd(sysv, MESSAGE, MESSAGES)
    lab.sample("System V queue")
    # QSIZE is the bytes in the queue (mq_overview(7)); of /proc/sysvipc/msg the fourth column is.
    lab.record("in the POSIX queue", int(lab.read(f"{mqueue}/queue").split()[0].partition(":")[2]))
    lab.record("in the System V queue", int(lab.read("/proc/sysvipc/msg").splitlines()[1].split()[3]))
    probe.mq_unlink("/queue")
    probe.msgctl(sysv, IPC_RMID)


ORDER = ("before", "tmpfs file", "anonymous memory", "POSIX queue", "System V queue")


def cached(what: str) -> Quantity:
    return Change("meminfo:Cached", ORDER[ORDER.index(what) - 1], what).called(f"growth of Cached by the {what}")


def on_tmpfs(claim: Claim, what: str) -> Expect:
    return Expect(claim, cached(what),
                  if_true=AtLeast(pages(SIZE), "what they hold, all of it"),
                  if_false=AtMost(pages(SIZE) - 1, "not all of it"),
                  reads_true=cached("tmpfs file"), reads_false=cached("anonymous memory"),
                  says=f"{SIZE // MIB} MiB of messages in a {what} made Cached grow by {{value}} pages.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "sysctl")),
    rate=0,
    guards=tuple(Guard(Recorded(f"in the {kind} queue", "bytes"), Exactly(SIZE), "the queue must hold the messages")
                 for kind in ("POSIX", "System V")),
    expects=(on_tmpfs(POSIX_MQ, "POSIX queue"), on_tmpfs(SYSV_MSG, "System V queue")),
)
