"""Can a plain file be a swap area?

A swap area is made in a plain file on an ext4 disk and switched on. A process's 16 MiB are paged out on demand
(MADV_PAGEOUT) with the file, and again with a block device instead. The page table tells how many pages are in swap
each time, and before the second time, when the device is there and nothing was paged out to it. The content is checked
when it comes back from the file.
"""

import os

from experiments.sections import MEMORY
from harness.claims import (
    MIB, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, Recorded, pages,
)
from harness.lab import PAGEOUT, Lab

PARTITION = Claim(
    "swap-needs-partition", "On Linux the swap area has to be a partition; a plain file cannot serve.", MEMORY,
    known=(Known(REFUTED, "swapon(2): “file or block device”; mm/swapfile.c, setup_swap_extents (v6.12)"),),
    instead="A file serves as well: dd, chmod 600, mkswap, swapon. It must have no holes, and on btrfs no copy-on-write.")
SIZE, AREA = 16 * MIB, 64 * MIB


def procedure(lab: Lab) -> None:
    path = lab.mount_disk() + "/swapfile"
    memory = lab.probe().map(SIZE).fill()

    def page_out(name: str) -> None:
        memory.probe.madvise(memory.address, memory.length, PAGEOUT)
        lab.sample(name, pages={"memory": memory})

    lab.hand.close(create(lab, path))
    lab.make_swap(path, AREA)
    lab.record("swapon of the file", lab.hand.attempt.swapon(path).error)
    page_out("with the file")
    lab.record("kept in the file", memory.check())
    lab.hand.attempt.swapoff(path)
    memory.write()
    lab.swapon()
    lab.sample("left alone", pages={"memory": memory})
    page_out("with the device")


def create(lab: Lab, path: str) -> int:
    """A file without holes, on disk."""
    fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT).value
    lab.hand.write(fd, AREA)
    lab.hand.fsync(fd)
    return fd


def swapped(moment: str) -> Quantity:
    return Pages(moment, "memory", "swapped").called(f"pages in swap {moment}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(changes=("swap", "mount")),
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Recorded("kept in the file", "pages"), Exactly(pages(SIZE)), "what comes back is what went out"),),
    expects=(Expect(
        PARTITION, swapped("with the file"),
        if_true=Exactly(0, "a file holds nothing"), if_false=AtLeast(1, "one page that went there and back is enough"),
        reads_true=swapped("left alone"), reads_false=swapped("with the device"),
        says="{value} pages went to a swap file on ext4 and came back with their content."),),
)
