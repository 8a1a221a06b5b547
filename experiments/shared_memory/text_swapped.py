"""Is mapped program text, which drop_caches can't free, swapped out when memory is short?

A copy of the probe's program on an ext4 disk is started in a group, and every page of its text is read. 1 is written
to drop_caches, which frees none of it while it is mapped. Then the group is squeezed by private memory and at last to
nothing, and the page table tells how many pages of the text are in swap and how many are merely gone. Private memory
is what goes to swap, a mapped data file and a locked one what does not.
"""

import os
from collections.abc import Sequence

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    MIB, REFUTED, AtLeast, Besides, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
)
from harness.lab import Lab, Region

SIZE = 4 * MIB

CAN_SWAP = Claim(
    "undroppable-text-can-swap",
    "Mapped program text that cannot be dropped is swapped out when memory is short.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/vmscan.c, shrink_folio_list: add_to_swap (v6.1, v6.12), folio_alloc_swap (v7.2) is for anonymous "
                          "folios; clean pages of a file are unmapped and freed, and read from it again"),),
    instead="Unchanged program text comes back from its file, never from swap: keep it in memory with mlockall() in the "
            "program, or protect its group with memory.low.")


def procedure(lab: Lab) -> None:
    lab.swapon()
    disk = lab.mount_disk()
    box = lab.sandbox(memory_max=16 * SIZE)
    words = lab.program_on_disk(disk)
    files = {name: f"{disk}/{name}" for name in ("mapped", "clean", "locked")}
    outside = lab.probe("outside")
    descriptors = {name: outside.create_file(path, SIZE) for name, path in files.items()}
    lab.sync()
    lab.drop_caches(1)      # the text is read, and charged, in the group that runs short
    program = lab.probe("program", box, program=words)
    text = [program.region(one.start, one.length).read() for one in lab.mappings(program) if one.text]
    data = program.map(SIZE, write=False, fd=program.open(files["mapped"], os.O_RDONLY).value).read()
    private = program.map(SIZE).fill()
    outside.read(descriptors["clean"], SIZE)
    locked = outside.map(SIZE, shared=True, fd=descriptors["locked"]).lock()
    looked_at: dict[str, str | Region | Sequence[Region]] = {
        "text": text, "data": data, "private": private, "locked": locked, "clean": files["clean"]}
    lab.sample("mapped", pages=looked_at)
    lab.drop_caches(1)
    lab.sample("dropped", pages=looked_at)
    lab.probe("private", box).map(20 * SIZE).fill()
    lab.sample("short", pages=looked_at)
    box.set("memory.high", "0")
    lab.sample("squeezed", pages=looked_at)


def freed(name: str, what: str) -> Quantity:
    return (Pages("mapped", name) - Pages("dropped", name)).called(f"pages of {what} freed by drop_caches")


def swapped(name: str, moment: str, what: str) -> Quantity:
    return Pages(moment, name, "swapped").called(f"pages of {what} in swap, {moment}")


def gone(name: str, what: str) -> Quantity:
    return (Pages("mapped", name) - Pages("squeezed", name)).called(f"pages of {what} taken away")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount", "swap")),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Change("vmstat:pswpout", "mapped", "dropped"), Exactly(0), "drop_caches frees, it doesn't swap"),
            Guard(gone("text", "program text"), AtLeast(1), "text that stayed in memory went nowhere")),
    besides=(Besides(CAN_SWAP, gone("text", "program text"), AtLeast(1),
                     "It was taken away all the same, without swap: {value} pages of text, which are read from the program's "
                     "file again when they are needed."),),
    expects=(
        Expect(CAN_SWAP, freed("text", "program text"),
               if_true=Exactly(0, "cannot be dropped: every page stays"), if_false=AtLeast(1, "one is enough"),
               reads_true=freed("locked", "a locked file"), reads_false=freed("clean", "a file that nobody has mapped"),
               says="drop_caches freed {value} pages of mapped program text."),
        *(Expect(CAN_SWAP, swapped("text", moment, "program text"),
                 if_true=AtLeast(1, "swapped out: one is enough"), if_false=Exactly(0, "none"),
                 reads_true=swapped("private", moment, "that program's private memory"),
                 reads_false=swapped("data", moment, "a mapped data file"),
                 says=says)
          for moment, says in (("short", "When its group ran short of memory, {value} pages of it were in swap,"),
                               ("squeezed", "and {value} pages once the group was squeezed to nothing."))),
    ),
)
