"""Does mmap read the file that it maps?

A file of 20 MiB on an ext4 disk is dropped from the page cache and mapped: shared, shared with MAP_POPULATE, or only opened.
Right afterwards mincore tells how many of its pages are in memory, and the disk's own count of sectors how many were read of it.
"""

import os

from experiments.sections import ADDRESS_SPACE
from harness.claims import MIB, REFUTED, AtLeast, AtMost, Case, Claim, Exactly, Known, Needs, Pages, Recorded, Small, pages, table
from harness.lab import POPULATE, Lab

SIZE, SECTOR = 20 * MIB, 512

AT_ONCE = Claim(
    "mmap-file-loads-at-once", "mmap of a 20 MiB file (shared, no populate) reads the file into the page cache before it "
    "returns.", ADDRESS_SPACE,
    known=(Known(REFUTED, "mmap(2), MAP_POPULATE: without it pages come by faults; mm/mmap.c, do_mmap sets populate only for "
                          "MAP_POPULATE and locked memory (v5.10 to v7.2)"),),
    instead="Map with MAP_POPULATE, or call madvise() with MADV_POPULATE_READ, if the first access must not wait for the disk.")


def mapped(words: str, flags: int | None = 0) -> Case:
    def do(lab: Lab, at: str) -> None:
        path, probe = lab.mount_disk() + "/file", lab.probe(at)
        probe.close(probe.create_file(path, SIZE))
        lab.sync()
        lab.drop_caches(1)
        fd = probe.open(path, os.O_RDONLY).value
        before = lab.sectors("disk")[0]
        if flags is not None:
            probe.map(SIZE, shared=True, fd=fd, write=False, flags=flags)
        lab.record(f"{at}: sectors", lab.sectors("disk")[0] - before)
        lab.sample(at, pages={"file": path})
    return Case(words, do)


ASKED, POPULATED, OPENED = mapped("after mmap"), mapped("after mmap with MAP_POPULATE", POPULATE), mapped("after open", None)
EXPERIMENT = table(
    Small(AT_ONCE, "pages in memory", ASKED, POPULATED, OPENED, of=lambda at: Pages(at, "file"), key="pages", unit="pages",
          if_true=Exactly(pages(SIZE), "the whole file"), if_false=AtMost(pages(SIZE) - 1, "a page of it was not read"),
          says="Of a file of {bound} pages {value} were in memory right after mmap,"),
    Small(AT_ONCE, "sectors read", ASKED, POPULATED, OPENED, of=lambda at: Recorded(f"{at}: sectors"), key="sectors",
          unit="sectors", if_true=AtLeast(SIZE // SECTOR, "the whole file"),
          if_false=AtMost(SIZE // SECTOR - 1, "a sector was not read"),
          says="and {value} sectors of it had been read."),
    needs=Needs(changes=("drop_caches", "mount")),
)
