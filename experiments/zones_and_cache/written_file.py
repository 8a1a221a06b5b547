"""Where does what is written to a file lie: in Cached, in Buffers, in buffer heads?

64 MiB are written to a file on an ext4 disk, and then synced; to a block device; and to a file on tmpfs. Each time it is
read how much Cached and Buffers grew, and how many objects the slab buffer_head has more. The block size with which the
kernel caches a disk is read after a file system with blocks of 1 KiB on it was mounted, and after one with 4 KiB was.
"""

import os
import struct

from experiments.sections import ZONES_AND_CACHE
from harness.claims import (
    CONFIRMED, DISK, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Disk, Exactly, Known, Needs, Outside, Quantity, Small,
    Within, of_small_pages, pages, table,
)
from harness.lab import Lab

SIZE, REST = 64 * MIB, 64 * MIB // 100
# Free objects that count as used, at most: of the slab that a processor has, and of those on its partial list, 240 objects in
# all and whole slabs of 39 (mm/slub.c, set_cpu_partial; v6.12); or of a processor's two sheaves and ten full ones, of 60
# each (mm/slub.c, calculate_sheaf_capacity and MAX_FULL_SHEAVES; v7.2); or of 31 slabs on that list, which counted the objects
# that were free when a slab joined it, one mostly, and took in another while there were no more than 30 (mm/slub.c,
# put_cpu_partial and set_cpu_partial; v5.10).
KEPT = max(8 * 39, (2 + 10) * 60, (1 + 31) * 39)
BLKBSZGET, BLKBSZSET = 0x80001270, 0x40001271       # include/uapi/linux/fs.h, with the size of a size_t in bits 16 to 29
FIRST = 4096            # the size that it is set to before

LEAVES = Claim("file-write-leaves-buffers", "Writing N bytes to a file of ext4 grows Cached by N and Buffers by less than 1 % of "
               "it.", ZONES_AND_CACHE,
               known=(Known(CONFIRMED, "fs/proc/meminfo.c, meminfo_proc_show: Cached is file pages less those of block devices, "
                                       "which are Buffers; a file's pages are its own inode's (v5.10 to v7.2)"),))
HEADS = Claim("file-write-makes-buffer-heads", "Every page of a file that is written on ext4 with blocks as large as pages "
              "gets a buffer head: the slab buffer_head grows by one object a page.", ZONES_AND_CACHE,
              known=(Known(CONFIRMED, "fs/ext4/inode.c, ext4_da_write_begin; fs/buffer.c, create_empty_buffers makes one for "
                                      "each block of a page or folio (v5.10 to v7.2)"),))
DEVICE = Claim("buffer-block-size-from-device", "The block size in which the kernel caches a block device is fixed by the "
               "device: mounting a file system with 1 KiB blocks does not change it.", ZONES_AND_CACHE,
               known=(Known(REFUTED, "fs/ext4/super.c, sb_set_blocksize (v5.10 to v7.2): the file system sets the block size of "
                                     "its device"),),
               instead="Ask with blockdev --getbsz once the file system is mounted; what the device itself can write at least is "
                       "blockdev --getss.")


def written(words: str, where: str, sync: bool = False) -> Case:
    def do(lab: Lab, at: str) -> None:
        places = {"device": lambda: lab.device("raw"), "tmpfs": lambda: f"{lab.mount_tmpfs()}/{at}",
                  "file": lambda: f"{lab.mount_disk()}/{at}"}
        path = places[where]()
        probe = lab.probe(at)
        fd = probe.open(path, os.O_RDWR | os.O_CREAT).value
        probe.write(fd, lab.page_size)      # the inode, its blocks' map and the file's own first page are there
        lab.sync()
        lab.sample(f"{at}: before")
        probe.write(fd, SIZE, lab.page_size)
        if sync:
            lab.sync()
        lab.sample(f"{at}: after")
        if where == "file":
            lab.hand.unlink(path)       # or the next one waits for it to be written
    return Case(words, do)


def growth(counter: str, at: str) -> Quantity:
    return Change(counter, f"{at}: before", f"{at}: after")


def cached(at: str) -> Quantity:
    return growth("meminfo:Cached", at)


def buffers(at: str) -> Quantity:
    return growth("meminfo:Buffers", at)


def heads(at: str) -> Quantity:
    return growth("slabinfo:buffer_head.active_objs", at)


TMPFS, RAW = written("by a file on tmpfs", "tmpfs"), written("by a block device", "device")


def leaves(key: str, words: str, sync: bool) -> tuple[Small, Small]:
    case = written(words, "file", sync)
    return (Small(LEAVES, "growth of Cached", case, TMPFS, RAW, of=cached, key=f"cached {key}", unit="pages",
                  if_true=Within(pages(SIZE), pages(SIZE + REST), "the claim's share of room for all else"),
                  if_false=Outside(pages(SIZE), pages(SIZE + REST), "another size"),
                  says=f"64 MiB that were written{' and synced' * sync} grew Cached by {{value}} pages,"),
            Small(LEAVES, "growth of Buffers", case, TMPFS, RAW, of=buffers, key=f"buffers {key}", unit="pages",
                  if_true=AtMost(pages(REST) - 1, "less than 1 %"), if_false=AtLeast(pages(REST), "1 % or more"),
                  says="Buffers by {value}."))


def block_size(words: str, disk: str = "", set_to: int = 0) -> Case:
    """Records by how many bytes the block size differs from FIRST after a disk was mounted, or it was set."""
    def do(lab: Lab, at: str) -> None:
        device = lab.device(disk or "small")
        fd = lab.hand.open(device, os.O_RDONLY).value
        word = lab.architecture.bits // 8 << 16
        lab.hand.ioctl(fd, BLKBSZSET | word, structure=struct.pack("i", FIRST))
        if disk:
            lab.mount_disk(disk)
        elif set_to:
            lab.hand.ioctl(fd, BLKBSZSET | word, structure=struct.pack("i", set_to))
        # block/ioctl.c, blkdev_ioctl: it gives an int, whatever its number says.
        size = struct.unpack_from("i", lab.hand.ioctl(fd, BLKBSZGET | word, structure=bytes(8)).text)[0]
        lab.record(at, abs(size - FIRST))
        lab.hand.close(fd)
    return Case(words, do)


EXPERIMENT = table(
    *leaves("written", "by a file on ext4", False), *leaves("synced", "by a synced file on ext4", True),
    Small(HEADS, "more objects in buffer_head", written("for a file on ext4", "file"), RAW, TMPFS, of=heads, unit="objects",
          if_true=AtLeast(pages(SIZE) - KEPT, "one a page, less those that a processor kept free and that counted before"),
          if_false=AtMost(pages(SIZE) - KEPT - 1, "more pages got none than that"),
          says="For 64 MiB that were written the slab buffer_head had {value} objects more."),
    Small(DEVICE, "change of the block size", block_size("by mounting 1 KiB blocks", "small"),
          block_size("by mounting 4 KiB blocks", "disk"), block_size("by setting it to 512", set_to=512), unit="bytes",
          if_true=Exactly(0, "the mount does not change it"), if_false=AtLeast(1, "it does"),
          says="Mounting a file system with 1 KiB blocks changed the disk's block size by {value} bytes."),
    premises=(of_small_pages(DEVICE),),
    version=4,
    needs=Needs(disks=(DISK, Disk("small", "ext4", 64 * MIB, block=1024), Disk("raw", "raw", 128 * MIB)), changes=("mount",)),
)
