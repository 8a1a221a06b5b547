"""Have epoll and POSIX queues file systems of their own, and where are a queue's attributes?

What fstat says of an epoll descriptor is compared with an eventfd, which is no file of a file system of its own, and so are
a queue's and another eventfd. Of a queue's attributes the kernel's own description of its types (BTF) is read: has the
structure with them an inode within it, as that of a tmpfs file has and that of a System V queue has not?
"""

from collections.abc import Callable

from experiments.sections import OTHER_IPC
from harness.claims import REFUTED, AtLeast, Case, Claim, Exactly, Known, Needs, Small, Types, table
from harness.lab import Lab, Probe, Skip, numbers

BTF = "/sys/kernel/btf/vmlinux"

EPOLL = Claim("epoll-own-fs", "epoll descriptors belong to a file system of their own, as message queues do.", OTHER_IPC,
              known=(Known(REFUTED, "fs/eventpoll.c: its file is made by anon_inode_getfile (v5.10 to v7.2); fs/eventfd.c: an "
                                    "eventfd's by anon_inode_getfile (v5.10 to v6.12), anon_inode_getfile_fmode (v7.2), in the "
                                    "same file system"),),
              instead="Tell epoll descriptors by the name that /proc/PID/fd shows, anon_inode:[eventpoll]: their file "
                      "system says nothing.")
PRIVATE = Claim("posix-mq-info-in-i-private", "A POSIX queue's attributes hang on the i_private pointer of its inode instead of "
                "having the inode within them.", OTHER_IPC,
                known=(Known(REFUTED, "ipc/mqueue.c, struct mqueue_inode_info: vfs_inode is a member of it (v5.10 to v7.2)"),),
                instead="Get from a queue's inode to its attributes as the kernel does, by container_of (MQUEUE_I), "
                        "not by i_private.")


def compared(words: str, make: Callable[[Probe], int]) -> Case:
    """Records whether a descriptor's file system is another than that of an eventfd."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        devices = {numbers(probe.fstat(fd).text)[0] for fd in (make(probe), probe.eventfd().value)}
        lab.record(at, len(devices) - 1)
    return Case(words, do)


def queue(probe: Probe) -> int:
    fd = probe.mq_open("/folklab", 1, 64).value
    probe.mq_unlink("/folklab")
    return fd


def inodes(structure: str, words: str) -> Case:
    def do(lab: Lab, at: str) -> None:
        members = Types(lab.read_bytes(BTF)).members(structure)
        if members is None:
            raise Skip(f"this kernel's BTF has no struct {structure}")
        lab.record(at, sum(kind == "struct inode" for _, kind in members))
    return Case(words, do)


EXPERIMENT = table(
    Small(EPOLL, "file systems of its own", compared("that an epoll descriptor has", lambda probe: probe.epoll_create().value),
          compared("that a POSIX queue has", queue), compared("that another eventfd has", lambda probe: probe.eventfd().value),
          if_true=Exactly(1, "another than that of an eventfd"), if_false=Exactly(0, "the same"), unit="file systems",
          says="An epoll descriptor {value:has a|has no} file system of its own."),
    Small(PRIVATE, "inodes within it", inodes("mqueue_inode_info", "that a POSIX queue's structure has"),
          inodes("msg_queue", "that a System V queue's has"), inodes("shmem_inode_info", "that a tmpfs file's has"),
          if_true=Exactly(0, "its inode is elsewhere"), if_false=AtLeast(1, "the inode is within it"), unit="inodes",
          says="A POSIX queue's structure {value:has its|has no} inode within it."),
    needs=Needs(disks=(), files=(BTF,)),
)
