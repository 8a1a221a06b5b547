"""Does it take page faults to read a file that was dropped from the page cache?

A file of 4 MiB on an ext4 disk is dropped from the page cache and read by read() into memory that is there; the kernel's
count of the process's faults tells how many that took. A mapping of the file that is touched, and the file read while it is
cached, show how both answers read. The disk's own count of sectors shows that the file was read from it.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import (
    MIB, REFUTED, AtLeast, Case, Claim, Exactly, Faults, Guard, Known, Needs, Recorded, Small, table,
)
from harness.lab import Lab

SIZE, SECTOR, ID = 4 * MIB, 512, "read-of-dropped-page-faults"

FAULTS = Claim(
    ID, "read() of a file page that was dropped from the cache takes a page fault.", RECLAIM,
    known=(Known(REFUTED, "mm/filemap.c: read() looks into the page cache itself, and reads what is not there (v5.10 to v7.2); a "
                          "page fault is an access through a page table"),),
    instead="Count what is read from disks by /proc/PID/io or block statistics: major faults tell of mappings only.")


def read(words: str, *, drop: bool = True, mapped: bool = False) -> Case:
    def do(lab: Lab, at: str) -> None:
        path, probe = lab.mount_disk() + "/file", lab.probe(at)
        fd = probe.create_file(path, SIZE)
        lab.sync()
        probe.read(fd, SIZE)        # the memory that read() fills is there from now on
        if drop:
            lab.drop_caches(1)
        fd = probe.open(path, os.O_RDONLY).value
        region = probe.map(SIZE, shared=True, fd=fd, write=False) if mapped else None
        before = lab.sectors("disk")[0]
        if region:
            region.try_as(at).read()
        else:
            probe.try_as(at).read(fd, SIZE)
        lab.record(f"{at}: sectors", lab.sectors("disk")[0] - before)
    return Case(words, do)


EXPERIMENT = table(
    Small(FAULTS, "page faults", read("by read() of a dropped file"), read("by touching a mapping of it", mapped=True),
          read("by read() of a cached file", drop=False), of=Faults, unit="faults",
          if_true=AtLeast(1, "it takes one at least"), if_false=Exactly(0, "none"),
          says="read() of 4 MiB that had been dropped took {value} page faults."),
    guards=(Guard(Recorded(f"{ID}.asked: sectors"), AtLeast(SIZE // SECTOR), "what was not read had not been dropped"),),
    needs=Needs(changes=("drop_caches", "mount")),
)
