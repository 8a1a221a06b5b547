"""Does the kernel take any partition, or any file, as swap?

A disk and a file on an ext4 file system get the header that mkswap writes, the same with a version that no kernel knows,
and none: its page is full of zeros. Each time swapon is tried, and its errno read.
"""

import errno
import os
import struct

from experiments.sections import MEMORY
from harness.claims import CONFIRMED, DISK, MIB, Case, Claim, Disk, Errno, Exactly, Known, Needs, Not, Small, table
from harness.lab import Lab

AREA, VERSION, UNKNOWN = 16 * MIB, 1024, 7      # bytes; where the version stands (include/linux/swap.h, union swap_header)

SIGNATURE = Claim(
    "swap-needs-signature", "A partition or file without the header that mkswap writes is refused as swap (EINVAL).", MEMORY,
    known=(Known(CONFIRMED, "mm/swapfile.c, read_swap_header: without “SWAPSPACE2” at the end of the first page it finds no "
                            "swap-space signature, and swapon fails with EINVAL (v5.10 to v7.2); swapon(2)"),))


def taken(place: str, header: str) -> Case:
    def do(lab: Lab, at: str) -> None:
        path = lab.device("blank") if place == "partition" else f"{lab.mount_disk()}/swap"
        fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT).value
        if place == "file":
            lab.hand.write(fd, AREA)        # a hole would be refused for itself
        lab.make_swap(path, AREA)
        if header == "no header":
            lab.hand.write_text(fd, bytes(lab.page_size))
        elif header == "an unknown version":
            lab.hand.write_text(fd, struct.pack("I", UNKNOWN), VERSION)
        lab.hand.fsync(fd)
        lab.hand.try_as(at).swapon(path)
        lab.hand.attempt.swapoff(path)
        lab.hand.close(fd)
    return Case(f"of a {place} with {header}", do)


EXPERIMENT = table(
    *(Small(SIGNATURE, "errno", taken(place, "no header"), taken(place, "an unknown version"), taken(place, "its header"),
            if_true=Exactly(errno.EINVAL, "the claim's errno"),
            if_false=Not(errno.EINVAL, "taken, or refused for another reason"),
            of=Errno, unit="errno", key=place, says=f"swapon of a {place} without the header was {{value:answer}}.")
      for place in ("partition", "file")),
    needs=Needs(disks=(DISK, Disk("blank", "raw", 2 * AREA)), changes=("swap", "mount")),
)
