"""In what does the kernel keep a process's mappings?

No memory is used: the running kernel's own description of its types (BTF) is read. Looked for are the members that
would tie a process's mappings to a red-black tree and to a linked list, by name and type. The items of an epoll
instance hang on such a tree in every kernel, and the ready ones on a list; a path on neither.
"""

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, REFUTED, AtMost, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording, Types,
)
from harness.lab import Lab

BTF = "/sys/kernel/btf/vmlinux"

TREE_AND_LIST = Claim(
    "vma-tree-and-list", "The kernel keeps a process's mappings in a red-black tree and a linked list hung on its "
    "mm_struct.", ALLOCATION,
    known=(Known(REFUTED, "commits 524e00b36e8c (“mm: remove rb tree.”) and 763ecb035029 (“mm: remove the vma "
                          "linked list”), v6.1: a maple tree, mm_struct.mm_mt, took their place", since="6.1"),
           Known(CONFIRMED, "include/linux/mm_types.h (v5.10): mm_rb and mmap, vm_rb and vm_next", until="6.1")),
    instead="In code and debugger scripts for 6.1 and later walk the maple tree mm->mm_mt, as with for_each_vma(): mm_rb, mmap "
            "and vm_next are gone.")

# The root of the tree and the head of the list, and what each mapping (or item) has for them: of mappings; of what an
# epoll instance watches, kept in such a tree, and if ready in such a list, on all kernels (fs/eventpoll.c); and of a mere pair.
WANTED = {
    "mappings": (("mm_struct", "mm_rb", "struct rb_root"), ("vm_area_struct", "vm_rb", "struct rb_node"),
                 ("mm_struct", "mmap", "struct vm_area_struct *"),
                 ("vm_area_struct", "vm_next", "struct vm_area_struct *")),
    "epoll items": (("eventpoll", "rbr", "struct rb_root_cached"), ("epitem", "rbn", "struct rb_node"),
                    ("eventpoll", "rdllist", "struct list_head"), ("epitem", "rdllink", "struct list_head")),
    "paths": (("path", "mm_rb", "struct rb_root"), ("path", "vm_rb", "struct rb_node"),
              ("path", "mmap", "struct vm_area_struct *"), ("path", "vm_next", "struct vm_area_struct *")),
}


def procedure(lab: Lab) -> None:
    lab.sample("before")
    types = Types(lab.read_bytes(BTF))
    for name in sorted({name for wanted in WANTED.values() for name, _, _ in wanted}):
        lab.record(name, types.members(name))
    lab.sample("after")


def members(what: str) -> Quantity:
    """How many of the four members are there, under that name and of that type."""

    def function(recording: Recording) -> int | None:
        found = 0
        for owner, name, kind in WANTED[what]:
            if recording.records.get(owner) is None:
                return None         # a kernel without that structure says nothing of its members
            found += [name, kind] in recording.records[owner]
        return found

    return Derived(f"members for a red-black tree and a list of {what}", function, "members")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(files=(BTF,), root=False),
    rate=0,
    expects=(Expect(
        TREE_AND_LIST, members("mappings"),
        if_true=Exactly(4, "the tree's root and nodes, the list's head and links"),
        if_false=AtMost(3, "a tree and a list: one of the four is missing"),
        reads_true=members("epoll items"), reads_false=members("paths"),
        says="This kernel has {value} of the 4 members that a red-black tree and a list of mappings take."),),
)
