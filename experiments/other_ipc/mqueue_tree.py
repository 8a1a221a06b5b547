"""On what do the messages of a POSIX queue hang?

No queue is used: the running kernel's own description of its types (BTF) is read. Looked for are the members that
make a tree of messages in the inode of a POSIX queue. The NUMA policies of a tmpfs inode hang on such a tree, the
messages of a System V queue do not.
"""

from experiments.sections import OTHER_IPC
from harness.claims import (
    CONFIRMED, AtMost, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording, Types,
)
from harness.lab import Lab

BTF = "/sys/kernel/btf/vmlinux"

RED_BLACK = Claim(
    "posix-mq-rbtree", "The messages of a POSIX queue hang on a red-black tree in its inode.", OTHER_IPC,
    known=(Known(CONFIRMED, "“ipc/mqueue: improve performance of send/recv”, v3.5; ipc/mqueue.c, msg_insert: a tree of "
                            "priorities (posix_msg_tree_node), each node with the list of its messages (v5.10 to v7.2)",
                 since="3.5"),))

# (structure, type of a member that it must have): the structure that is the object's inode, the root of a tree in it,
# the nodes of the tree, and what hangs on them.
WANTED = {
    "messages of a POSIX queue": (
        ("mqueue_inode_info", "struct inode"), ("mqueue_inode_info", "struct rb_root"),
        ("posix_msg_tree_node", "struct rb_node"), ("posix_msg_tree_node", "struct list_head"),
        ("msg_msg", "struct list_head")),
    # mm/shmem.c, mm/mempolicy.c: a tmpfs inode holds the NUMA policies of its parts in such a tree.
    "NUMA policies of a tmpfs file": (
        ("shmem_inode_info", "struct inode"), ("shmem_inode_info", "struct shared_policy"),
        ("shared_policy", "struct rb_root"), ("sp_node", "struct rb_node"), ("sp_node", "struct mempolicy *")),
    # ipc/msg.c: one list in the order of arrival, and no file.
    "messages of a System V queue": (
        ("msg_queue", "struct inode"), ("msg_queue", "struct rb_root"),
        ("msg_msg", "struct rb_node"), ("msg_queue", "struct list_head"), ("msg_msg", "struct list_head")),
}


def procedure(lab: Lab) -> None:
    lab.sample("before")
    types = Types(lab.read_bytes(BTF))
    for name in sorted({name for wanted in WANTED.values() for name, _ in wanted}):
        lab.record(name, types.members(name))


def members(what: str) -> Quantity:
    def count(recording: Recording) -> int | None:
        if any(recording.records.get(name) is None for name, _ in WANTED[what]):
            return None         # a kernel without that structure says nothing of its members
        return sum(kind in [kind for _, kind in recording.records[name]] for name, kind in WANTED[what])
    return Derived(f"of 5 members for a red-black tree in an inode: {what}", count, "members")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(files=(BTF,), root=False),
    rate=0,
    expects=(Expect(
        RED_BLACK, members("messages of a POSIX queue"),
        if_true=Exactly(5, "the inode, the tree's root in it, its nodes, their lists, the messages' place in those"),
        if_false=AtMost(4, "one of them is missing"),
        reads_true=members("NUMA policies of a tmpfs file"), reads_false=members("messages of a System V queue"),
        says="This kernel has {value} of {bound} members that such a tree takes."),),
)
