"""Does memory.min of a slice protect what is in the groups below it?

A slice has memory.min; a service in it, which has none, holds clean page cache of a disk file, and so does a service that
has memory.min of its own, and one without any in a slice without any. Then a neighbour below the same parent fills memory
until the parent's limit has taken as much as all three hold. mincore tells what is left of each file. It is asked as
systemd mounts cgroup2 (memory_recursiveprot) and without.
"""

from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, pages,
)
from harness.lab import Lab

FILE, LIMIT = 8 * MIB, 96 * MIB
SOURCE = "Documentation/admin-guide/cgroup-v2.rst, memory_recursiveprot (v5.10 to v7.2)"

SLICE = Claim(
    "own-slice-min-protects-children", "memory.min of a slice protects the page cache of its services, which have none.",
    "Questions of our own",
    known=(Known(CONFIRMED, SOURCE, settings={"memory_recursiveprot": "Y"}),
           Known(REFUTED, SOURCE, settings={"memory_recursiveprot": "N"})))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    parent = lab.sandbox("parent", memory_max=LIMIT, memory_swap_max=0)
    protected = lab.sandbox("protected-slice", parent, memory_min=2 * FILE)
    bare = lab.sandbox("bare-slice", parent)
    explicit = lab.sandbox("explicit-slice", parent, memory_min=2 * FILE)
    groups = {"asked": lab.sandbox("service", protected), "bare": lab.sandbox("unprotected", bare),
              "explicit": lab.sandbox("its-own", explicit, memory_min=2 * FILE)}
    files = {name: f"{disk}/{name}" for name in groups}
    hand = lab.probe("writer")
    for path in files.values():
        hand.fsync(hand.create_file(path, FILE))
    lab.drop_caches(1)
    for name, group in groups.items():
        reader = lab.probe(name, group)     # stays: memory.min is not for groups without processes
        reader.read(reader.open(files[name]).value, FILE)
    lab.sample("read", pages=files)
    neighbour = lab.probe("neighbour", lab.sandbox("neighbour", parent))
    neighbour.map(LIMIT - 2 * FILE - 4 * MIB).fill()
    lab.sample("squeezed", pages=files)


def left(label: str, whose: str) -> Quantity:
    return Pages("squeezed", label).called(f"pages left of the file of {whose}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=512 * MIB, changes=("drop_caches", "mount")),
    axes={"memory_recursiveprot": ("N", "Y")},
    guards=tuple(Guard(Pages("read", name), Exactly(pages(FILE)), "all of it must be there before")
                 for name in ("asked", "bare", "explicit")),
    expects=(Expect(
        SLICE, left("asked", "a service in a protected slice"),
        if_true=AtLeast(pages(FILE), "not a page is taken within memory.min"),
        if_false=AtMost(pages(FILE) - 1, "one page is enough"),
        reads_true=left("explicit", "a service with memory.min of its own"), reads_false=left("bare", "one without any"),
        says="Of 2,048 pages {value} were left."),),
)
