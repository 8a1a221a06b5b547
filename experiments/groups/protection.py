"""What do memory.min and memory.low keep of a group's page cache, and what do they take from others?

Below a group of 16 MiB without swap a process has read a disk file of 4 MiB, in a group of its own, which may lie below another
one; another file of as much was read in a group beside it. A neighbour below the same limit then fills memory: as much as takes
one of the two files, or as much as it gets until it is killed. mincore tells what of the file is left, the neighbour how much it
got. It is asked as systemd mounts cgroup2 (memory_recursiveprot) and without.
"""

import os
from typing import Any

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Claim, Counter, Document, Exactly, Known, Needs, Pages, Quantity, Small,
    pages, table,
)
from harness.lab import Lab

# TAKEN more than there is room for beside the two files: half of one of them has to go.
LIMIT, FILE, TAKEN, STEP = 16 * MIB, 4 * MIB, 2 * MIB, MIB // 4
V2 = "Documentation/admin-guide/cgroup-v2.rst"

MIN = Claim(
    "memcg-min-never-reclaimed", "No page of a group within its memory.min, and that of each group between it and the one "
    "that ran short, is reclaimed, whatever the pressure outside.", GROUPS,
    known=(Known(CONFIRMED, f"{V2}, memory.min: “won't be reclaimed under any conditions” within its “effective min "
                          "boundary”, which is limited by that of all ancestors (v5.10 to v7.2)"),),
    document=Document(f"{V2}, memory.min (v5.10 to v7.2)"))
POPULATED = Claim(
    "memcg-min-needs-processes", "memory.min is ignored while no process is in the group.", GROUPS,
    known=(Known(REFUTED, "mm/page_counter.c, propagate_protected_usage asks for usage, not for processes (v5.10 to v7.2); "
                          f"{V2} had it otherwise: “If a memory cgroup is not populated with processes” (v5.10 to v6.12)"),),
    instead="Set memory.min to 0 when the last process has gone if its cache is not to stay: the kernel protects what an empty "
            "group is charged for, though cgroup-v2.rst said otherwise for years.",
    document=Document(f"{V2}, memory.min (v5.10 to v6.12)",
                      "memory.min protects what a group is charged for, whether or not there are processes in it."))
ALONE = Claim(
    "memcg-low-alone-in-child", "memory.low of a child protects it against pressure from above its parent though the parent's "
    "memory.low is 0.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.low: “Effective low boundary is limited by memory.low values of” all above it (v5.10 "
                          "to v7.2)"),),
    instead="Set memory.low in every group from the top down: against pressure from above the parent, a child has no more "
            "protection than its parent has to give.")
BROKEN = Claim(
    "memcg-low-broken-when-nothing-else", "memory.low gives way (and memory.events low rises) when only protected memory is "
    "left.", GROUPS, known=(Known(CONFIRMED, f"{V2}, memory.low: best-effort memory protection (v5.10 to v7.2)"),),
    document=Document(f"{V2}, memory.low (v5.10 to v7.2)"))
INHERITS = Claim(
    "memcg-low-inherits-recursiveprot", "With memory_recursiveprot a child with memory.low 0 is protected by its parent's, and "
    "its low events count.", GROUPS,
    known=(Known(CONFIRMED, "mm/page_counter.c, effective_protection: what children don't claim is shared out among them; "
                            "mm/vmscan.c, shrink_node_memcgs counts MEMCG_LOW by what is in effect (v6.12, v7.2)"),),
    document=Document(f"{V2}, memory_recursiveprot (v5.10 to v7.2)"))
RESERVES = Claim(
    "memcg-low-reserves", "memory.low or memory.min sets memory aside that others can't use even while the group is empty.",
    GROUPS,
    known=(Known(REFUTED, "mm/page_counter.c, propagate_protected_usage: what is protected is the lesser of usage and setting "
                          "(v5.10 to v7.2)"),),
    instead="Don't count on room that memory.min or memory.low keep free: they protect what a group uses, and others may use the "
            "rest of it.")


def disk_file(lab: Lab, directory: str, name: str) -> str:
    path = f"{directory}/{name}"
    fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT).value
    lab.hand.write(fd, FILE)
    lab.hand.fsync(fd)
    lab.hand.close(fd)
    return path


def squeezed(words: str, *, above: int | None = None, locked: bool = False, gone: bool = False, alone: bool = False,
             inherits: bool = False, **files: Any) -> Case:
    """Has a file read in a group with these files, below one with memory.low `above` if there is that, and fills memory beside.

    locked: the file is. gone: its reader is when the memory is filled. alone: nothing else is to be had, and the neighbour goes
    on until it is killed. inherits: it is about memory_recursiveprot.
    """
    def run(lab: Lab, at: str) -> None:
        if inherits and lab.settings["memory_recursiveprot"] != "Y":
            lab.skip("cgroup2 is mounted without memory_recursiveprot")
        disk, top = lab.mount_disk(), lab.sandbox(f"{at} top", memory_max=LIMIT, memory_swap_max=0)
        parent = top if above is None else lab.sandbox(f"{at} parent", top, memory_low=above)
        readers = {at: lab.sandbox(at, parent, **files), f"{at} beside": lab.sandbox(f"{at} beside", top)}
        paths = {name: disk_file(lab, disk, name) for name in readers}
        lab.drop_caches(1)
        for name, box in list(readers.items())[:1 if alone else 2]:
            reader = lab.probe(name, box)
            fd = reader.open(paths[name]).value
            reader.read(fd, FILE)
            if locked and name == at:
                holder = lab.probe(f"{at} holder")
                holder.map(FILE, shared=True, fd=holder.open(paths[at]).value).lock()
            if gone:
                reader.end()
        lab.sample(f"{at}: read", pages={at: paths[at]})
        neighbour = lab.probe(f"{at} neighbour", lab.sandbox(f"{at} neighbour", top))
        left = LIMIT - int(top.read("memory.current") or 0)
        neighbour.fill_until_killed(LIMIT if alone else left + TAKEN, STEP)
        lab.sample(at, pages={at: paths[at]})
    return Case(words, run)


def room(words: str, protected: str = "", held: bool = False) -> Case:
    """Records how many pages a process gets below the limit, beside an empty group that is protected, or one with memory held."""
    def run(lab: Lab, at: str) -> None:
        top = lab.sandbox(f"{at} top", memory_max=LIMIT, memory_swap_max=0)
        box = lab.sandbox(at, top)
        if protected:
            box.set(protected, str(LIMIT // 2))
        if held:
            lab.probe(at, box).map(LIMIT // 2).fill()
        neighbour = lab.probe(f"{at} neighbour", lab.sandbox(f"{at} neighbour", top))
        lab.record(at, neighbour.fill_until_killed(LIMIT, STEP) // lab.page_size)
    return Case(words, run)


def left(at: str) -> Quantity:
    return Pages(at, at)


def low(at: str) -> Quantity:
    return Counter(f"{at}/memory.events:low", at)


RISES, RISES_NOT = AtLeast(1, "it rises"), Exactly(0, "it does not")
ALL, LESS = Exactly(pages(FILE), "not a page is taken"), AtMost(pages(FILE) - 1, "a page was")
GONE, KEPT = AtMost(pages(FILE) - 1, "a page was taken"), Exactly(pages(FILE), "not one was")
LEFT = "pages of the file left"
EXPERIMENT = table(
    Small(MIN, LEFT, squeezed("within memory.min, a neighbour filling memory until it is killed", alone=True,
                              memory_min=2 * FILE),
          squeezed("that is locked", alone=True, locked=True), squeezed("without memory.min", alone=True), of=left,
          if_true=ALL, if_false=LESS,
          says="Of 1,024 pages within memory.min {value} were left when a neighbour had filled all there was."),
    Small(POPULATED, LEFT, squeezed("within memory.min, the group without a process", gone=True, memory_min=2 * FILE),
          squeezed("without memory.min", gone=True), squeezed("within memory.min, with a process in it", memory_min=2 * FILE),
          of=left, if_true=GONE, if_false=KEPT,
          says="Of 1,024 pages within memory.min of a group without a process {value} were left."),
    Small(ALONE, LEFT, squeezed("within memory.low, the parent's 0", above=0, memory_low=2 * FILE),
          squeezed("within memory.low of both", above=2 * FILE, memory_low=2 * FILE),
          squeezed("with memory.low 0 in both", above=0), of=left, if_true=ALL, if_false=LESS,
          says="Of 1,024 pages within memory.low, the parent's being 0, {value} were left."),
    Small(BROKEN, LEFT, squeezed("within memory.low, when nothing else is left", alone=True, memory_low=2 * FILE),
          squeezed("without memory.low", alone=True),
          squeezed("within memory.low, when there is something else", memory_low=2 * FILE),
          of=left, key="pages", if_true=GONE, if_false=KEPT,
          says="When nothing else was left, {value} of 1,024 pages within memory.low were left."),
    Small(BROKEN, "low in memory.events", squeezed("when nothing else is left", alone=True, memory_low=2 * FILE),
          squeezed("when nothing else is left, and the parent is protected too", above=2 * FILE, alone=True, memory_low=2 * FILE),
          squeezed("when there is something else", memory_low=2 * FILE),
          of=low, key="events", unit="events", if_true=RISES, if_false=RISES_NOT,
          says="memory.events then counted {value} times low."),
    Small(INHERITS, LEFT, squeezed("within the parent's memory.low only", above=2 * FILE, inherits=True),
          squeezed("within memory.low of both", above=2 * FILE, memory_low=2 * FILE),
          squeezed("with memory.low 0 in both", above=0), of=left, key="pages", if_true=ALL, if_false=LESS,
          says="Of 1,024 pages within the parent's memory.low only {value} were left."),
    Small(INHERITS, "low in the child's memory.events",
          squeezed("when nothing else is left, its own memory.low 0", above=2 * FILE, alone=True, inherits=True),
          squeezed("when nothing else is left, within its own", above=2 * FILE, alone=True, memory_low=2 * FILE),
          squeezed("when nothing else is left, with memory.low 0 in both", above=0, alone=True), of=low, key="events",
          unit="events", if_true=RISES, if_false=RISES_NOT,
          says="When nothing else was left, the child's memory.events counted {value} times low."),
    *(Small(RESERVES, "pages that a neighbour gets", room(f"beside an empty group with {file} 8 MiB", file),
            room("beside one that uses 8 MiB", held=True), room("beside an empty group"), key=file, unit="pages",
            if_true=AtMost(pages(LIMIT // 2), "the rest of the limit"), if_false=AtLeast(pages(LIMIT // 2) + 1, "a page of it"),
            says=f"Beside an empty group with {file} 8 MiB a neighbour got {{value}} of 4,096 pages.")
      for file in ("memory.low", "memory.min")),
    axes={"lru": ("classic", "mglru"), "memory_recursiveprot": ("N", "Y")},
    needs=Needs(memory=512 * MIB, changes=("drop_caches", "mount")),
)
