"""How much of a page is written back when one byte of it was changed?

In a file of 256 cached pages one byte of each is changed, and the range is written back; the disk's own count of
sectors tells how much was written. It is done on a file system with blocks of 4 KiB and on one with blocks of 1 KiB, whose
journals are committed every five minutes: of every five seconds' commits one would fall between on a slow machine. Direct I/O of
just the changed part and a file that was changed all over show how a part and the whole read; a mapping that stores a byte is the
third.
"""

import os

from experiments.sections import ZONES_AND_CACHE
from harness.claims import (
    CONFIRMED, DISK, KIB, MIB, REFUTED, AtLeast, AtMost, Claim, Disk, Exactly, Expect, Experiment, Guard, Known, Needs, Pages,
    Quantity, Recorded,
)
from harness.lab import DONTNEED, MS_REMOUNT, Lab

SECTOR, COUNT, SMALL = 512, 256, 1024
# A commit of the journal that falls between all the same: inode, tables, descriptor and commit block, 4 KiB each.
JOURNAL = 16 * 4096 // SECTOR
DISKS = {"disk": SECTOR, "small": SMALL}        # disk → the least that could be written for a byte

DEFAULT = Claim(
    "subpage-writeback-default", "When one byte of a cached page is changed, only the changed part of the page is "
    "written back (file system with 4 KiB blocks).", ZONES_AND_CACHE,
    known=(Known(REFUTED, "fs/buffer.c: what is dirty is known block by block, here page by page (v6.12)"),),
    instead="Count a whole page for each page in which a byte was changed, where blocks are as large as pages: keep small "
            "changes close together, in a log for instance.")
BLOCKS = Claim(
    "subpage-writeback-small-blocks", "On ext4 with blocks smaller than a page, of a byte that write() changes only its block is "
    "written back; of one that a store through a shared mapping changes, all blocks of its page are.", ZONES_AND_CACHE,
    known=(Known(CONFIRMED, "fs/buffer.c, block_write_end marks the buffers that a write() touched, and block_page_mkwrite "
                            "all of a page that is stored to, through a mapping (v6.12)"),))


def procedure(lab: Lab) -> None:
    for disk in DISKS:
        one_disk(lab, disk)


def one_disk(lab: Lab, disk: str) -> None:
    mount, size, probe = lab.mount_disk(disk), COUNT * lab.page_size, lab.probe(disk)
    lab.hand.mount(lab.device(disk), mount, "ext4", "commit=300", MS_REMOUNT)       # seconds (ext4(5))
    opened = {name: probe.create_file(f"{mount}/{name}", size) for name in ("changed", "rewritten", "direct", "stored")}
    stored = probe.map(size, shared=True, fd=opened["stored"])
    direct = probe.open(f"{mount}/direct", os.O_RDWR | lab.architecture.o_direct).value
    lab.sync()
    probe.fadvise(opened["direct"], 0, 0, DONTNEED)
    lab.sample(disk, pages={"changed": f"{mount}/changed"})
    for what, descriptor in opened.items():
        lab.sync()
        before = lab.sectors(disk)[1]
        for start in range(0, size, lab.page_size):
            if what == "changed":
                probe.write_text(descriptor, b"x", start + 100)
            elif what == "direct":
                probe.write(direct, DISKS[disk], start)
        if what == "rewritten":
            probe.write(descriptor, size, seed=2)
        elif what == "stored":
            stored.write()
        probe.sync_range(descriptor, 0, size)
        lab.record(f"{disk}: {what}", lab.sectors(disk)[1] - before)


def written(disk: str, what: str, title: str) -> Quantity:
    return Recorded(f"{disk}: {what}", "sectors", title=f"sectors written {title} ({disk})")


def writeback(claim: Claim, disk: str, part: str) -> Expect:
    least = COUNT * DISKS[disk] // SECTOR
    return Expect(
        claim, written(disk, "changed", f"for a byte in each of {COUNT} pages"),
        if_true=Exactly(least, f"{part} of each page"),
        if_false=AtLeast(least + JOURNAL + 1, "more than that, and more than a commit of the journal beside it"),
        reads_true=written(disk, "direct", f"by direct I/O, {part} of each page"),
        reads_false=written(disk, "rewritten", "for pages that were changed all over"),
        says=f"For a byte changed in each of {COUNT} cached pages {{value}} sectors were written "
             f"({part} of each would be {least}, all of it {COUNT * 8}).",
        slack="between the two lies a commit of the journal, which may or may not be written in the meantime")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=(DISK, Disk("small", "ext4", 256 * MIB, block=SMALL)), changes=("mount",),
                page_sizes=(4 * KIB,)),
    guards=tuple(Guard(Pages(disk, "changed"), AtLeast(COUNT), "every page must be cached")
                 for disk in DISKS),
    expects=(
        writeback(DEFAULT, "disk", "a sector"), writeback(BLOCKS, "small", "the changed block"),
        Expect(BLOCKS, written("small", "stored", f"for a byte stored in each of {COUNT} pages"),
               if_true=AtLeast(COUNT * 8, "all of each page"), if_false=AtMost(COUNT * 8 - 1, "a sector is not"),
               reads_true=written("small", "rewritten", "for pages that were changed all over"),
               reads_false=written("small", "direct", "by direct I/O, the changed block of each page"),
               says=f"For a byte stored in each of {COUNT} pages that are mapped {{value}} sectors were written.")),
    version=3,
)
