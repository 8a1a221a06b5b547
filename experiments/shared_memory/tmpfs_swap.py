"""When memory is short: do pages of tmpfs go to swap, and those of ramfs?

In a group of 32 MiB a tmpfs file, a locked tmpfs file and a ramfs file are written, then private memory pushes the
group past its limit. Processes that map the files and touch nothing tell how much of each is in swap, and mincore
tells what is still there, also after the group is squeezed to 1 MiB.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Claim, Counter, Document, Exactly, Expect, Experiment, Guard, Known, Needs, Pages,
    Quantity, pages,
)
from harness.lab import Lab

SIZE = 8 * MIB
LIMIT = 4 * SIZE        # three files fit in, the private memory does not

TMPFS = Claim("tmpfs-swaps", "tmpfs pages go to swap when memory is short.", SHARED_MEMORY,
              known=(Known(CONFIRMED, "Documentation/filesystems/tmpfs.rst (v5.10 to v7.2); mm/shmem.c, shmem_writepage (v5.10 "
                                      "to v6.12), shmem_writeout (v7.2)"),),
    document=Document("Documentation/filesystems/tmpfs.rst, “is able to swap” (v5.10 to v7.2)"))
RAMFS = Claim("ramfs-never-swaps", "ramfs pages never go to swap.", SHARED_MEMORY,
              known=(Known(CONFIRMED, "Documentation/filesystems/ramfs-rootfs-initramfs.rst; fs/ramfs/inode.c: "
                                      "mapping_set_unevictable (v6.12)"),),
    document=Document("Documentation/filesystems/ramfs-rootfs-initramfs.rst, “ramfs and tmpfs” (v5.10 to v7.2)"))


def procedure(lab: Lab) -> None:
    lab.swapon()
    box = lab.sandbox(memory_max=LIMIT)
    tmpfs = lab.mount_tmpfs()
    files = {"tmpfs": f"{tmpfs}/file", "locked": f"{tmpfs}/locked", "ramfs": lab.mount_ramfs() + "/file"}
    writer = lab.probe("writer", box)
    for name, path in files.items():
        writer.create_file(path, SIZE)
        # Maps the file and touches nothing: what is in swap of this process is in swap of the file (smaps: Swap).
        watcher = lab.probe(name)
        memory = watcher.map(SIZE, shared=True, fd=watcher.open(path).value)
        if name == "locked":
            memory.lock()
    writer.end()
    lab.sample("written", pages=files)
    private = lab.probe("private", box)
    private.map(3 * SIZE).fill()
    lab.sample("short", pages=files)
    private.end()
    box.set("memory.high", str(1 * MIB))
    lab.sample("squeezed", pages=files)


def swapped(name: str, what: str) -> Quantity:
    return Counter(f"{name}/smaps_rollup:Swap", "short").called(f"pages of {what} in swap")


def resident(moment: str, name: str, what: str) -> Quantity:
    return Pages(moment, name).called(f"resident pages of {what}, {moment}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap")),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=tuple(Guard(Pages("written", name), Exactly(pages(SIZE)), "all of it must be there before memory is short")
                 for name in ("tmpfs", "locked", "ramfs")),
    expects=(
        Expect(TMPFS, swapped("tmpfs", "a tmpfs file"),
               if_true=AtLeast(1, "they do: one is enough"), if_false=Exactly(0, "they don't"),
               reads_true=swapped("private", "private memory"), reads_false=swapped("locked", "a locked tmpfs file"),
               says="Of 2,048 pages of a tmpfs file {value} were in swap when its group ran short of memory."),
        *(Expect(RAMFS, resident(moment, "ramfs", "a ramfs file"),
                 if_true=Exactly(pages(SIZE), "never: every page stays"),
                 if_false=AtMost(pages(SIZE) - 1, "one that is gone is enough"),
                 reads_true=resident(moment, "locked", "a locked tmpfs file"),
                 reads_false=resident(moment, "tmpfs", "a tmpfs file"),
                 says=says)
          for moment, says in (("short", "Of {bound} pages of a ramfs file {value} were resident then,"),
                               ("squeezed", "and {value} pages when the group was squeezed to 1 MiB."))),
    ),
)
