"""How much of a library is in memory when the program begins?

Three libraries of 20 MiB lie on an ext4 disk and are dropped from the page cache. One is loaded with a program (LD_PRELOAD), by
the loader, before main; one is read whole by read(); one is left alone. Once the program answers from main, mincore tells how
many pages of each are in memory.
"""

import os

from experiments.sections import ALLOCATION
from harness.claims import (
    MIB, REFUTED, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, mappings, pages,
)
from harness.lab import Lab
from harness.lab.helpers.program import library

SIZE = 20 * MIB
NAMES = ("loaded", "read", "left alone")

WHOLE = Claim(
    "ldso-loads-library-whole", "Before main, every page of a 20 MiB library that the program is linked with is in memory.",
    ALLOCATION,
    known=(Known(REFUTED, "glibc elf/dl-map-segments.h, _dl_map_segments: mmap without MAP_POPULATE (2.36); mm/filemap.c, "
                          "filemap_fault: a page comes when it is touched, and what readahead adds (v5.10 to v7.2)"),),
    instead="Expect the first call of a function to read from the disk. Where a program can't wait then, have it read its "
            "libraries beforehand, or call mlockall().")


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    files = {name: f"{disk}/{name.replace(' ', '-')}" for name in NAMES}
    writer = lab.probe("writer")
    for path in files.values():
        fd = writer.create_file(path, SIZE)
        writer.write_text(fd, library(lab.architecture, SIZE, lab.page_size))
        writer.close(fd)
        writer.chown(path, 0, 0, 0o755)
    lab.sync()
    lab.drop_caches(3)
    lab.sample("dropped", pages=files)
    writer.read(writer.open(files["read"], os.O_RDONLY).value, SIZE)
    lab.probe("program", environment={"LD_PRELOAD": files["loaded"]})       # it answers from main
    lab.sample("main", pages=files)


def cached(name: str, title: str) -> Quantity:
    return Pages("main", name).called(f"pages in memory of {title}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount"), architectures=("x86_64", "aarch64")),      # a library for 64 bits
    rate=0,
    guards=(*(Guard(Pages("dropped", name), Exactly(0), "what was there before, no loader read") for name in NAMES),
            Guard(mappings("program", "main", lambda _, mapping: mapping.path.endswith("/loaded"), "mappings of the library"),
                  Exactly(1), "the loader must have loaded it")),
    expects=(Expect(
        WHOLE, cached("loaded", "a 20 MiB library in main"),
        if_true=Exactly(pages(SIZE), "every page"), if_false=AtMost(pages(SIZE) - 1, "a page of it is not there"),
        reads_true=cached("read", "a copy that was read"), reads_false=cached("left alone", "a copy that was left alone"),
        says="Of a library of {bound} pages {value} were in memory before main."),),
)
