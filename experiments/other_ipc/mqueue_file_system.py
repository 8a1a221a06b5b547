"""Do POSIX message queues have a file system of their own?

A POSIX queue is made by mq_open and a second one as a file in a mounted mqueue. statfs on each open queue names the
type of its file system, and device and inode tell whether it is the file of that name. A tmpfs file is asked the
same.
"""

import os

from experiments.sections import OTHER_IPC
from harness.claims import CONFIRMED, KIB, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Quantity
from harness.lab import Lab
from harness.lab.helpers.files import file_system, identify, same_file

MQUEUE = 0x19800202     # MQUEUE_MAGIC, ipc/mqueue.c

OWN_FS = Claim(
    "posix-mq-own-fs", "POSIX message queues have a file system of their own (mqueue).", OTHER_IPC,
    known=(Known(CONFIRMED, "mq_overview(7), “Mounting the message queue filesystem”; ipc/mqueue.c, mqueue_fs_type "
                            "(v6.12)", since="2.6.6"),))


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    directory = lab.mount("mqueue", "/mnt/mqueue", "mqueue")
    probe.close(probe.open(f"{directory}/made-as-file", os.O_RDWR | os.O_CREAT).value)
    objects = {"queue": probe.mq_open("/queue", 8, 1 * KIB).value,
               "queue made as a file": probe.open(f"{directory}/made-as-file", os.O_RDONLY).value,
               "tmpfs file": probe.create_file(lab.mount_tmpfs() + "/queue", 4 * KIB)}
    for name, fd in objects.items():
        identify(lab, name, f"/proc/{probe.pid}/fd/{fd}")
    for name in ("queue", "made-as-file"):
        identify(lab, f"mqueue: {name}", f"{directory}/{name}")
    probe.mq_unlink("/queue")
    probe.mq_unlink("/made-as-file")


def magic(name: str) -> Quantity:
    return file_system(name, f"type of the file system of a {name}")


def listed(name: str, file: str = "queue") -> Quantity:
    return same_file(name, f"mqueue: {file}", f"files of a mounted mqueue that are the {name}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(
        Expect(OWN_FS, magic("queue"),
               if_true=Exactly(MQUEUE, "MQUEUE_MAGIC"), if_false=Not(MQUEUE, "another file system"),
               reads_true=magic("queue made as a file"), reads_false=magic("tmpfs file"),
               says="Behind a queue fstatfs names the file system {value:filesystem}."),
        Expect(OWN_FS, listed("queue"),
               if_true=Exactly(1, "the file system shows the queue"), if_false=Exactly(0, "it is none of its files"),
               reads_true=listed("queue made as a file", "made-as-file"), reads_false=listed("tmpfs file"),
               says="The file of that name in a mounted mqueue {value:was the queue itself|was another}."),
    ),
    version=2,
)
