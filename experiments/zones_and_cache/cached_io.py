"""Does what was read, written or mapped once cost any I/O when it is read again?

Files on an ext4 disk are dropped from the cache. Each is read again after it was read, written or mapped, and the
sectors that the disk read meanwhile are counted. mincore tells how much of each file is in the cache. A first read
shows what I/O reads like, a tmpfs file what none does, and direct I/O what does not go through the cache.
"""

import os

from experiments.sections import ZONES_AND_CACHE
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known, Needs, Pages, Quantity, Recorded, pages,
)
from harness.lab import Lab

SIZE = 8 * MIB
SOURCE = "mm/filemap.c, filemap_read and filemap_fault look into the same page cache first (v6.12)"

FILE_IO = Claim(
    "file-io-cached", "read and write of a file go through the page cache: a second read costs no I/O.",
    ZONES_AND_CACHE, known=(Known(CONFIRMED, SOURCE),))
MMAP_IO = Claim(
    "mmap-io-cached", "A mapped file uses the same page cache: what a mapping loaded, read finds without I/O.",
    ZONES_AND_CACHE, known=(Known(CONFIRMED, SOURCE),))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    files = {"tmpfs": lab.mount_tmpfs() + "/file", **{name: f"{disk}/{name}" for name in ("read", "mapped", "direct")}}
    probe = lab.probe()
    opened = {name: probe.create_file(path, SIZE) for name, path in files.items()}
    direct = probe.open(files["direct"], os.O_RDONLY | lab.architecture.o_direct).value
    lab.sync()
    lab.drop_caches(1)
    lab.sample("dropped", pages=files)

    def read(what: str, descriptor: int) -> None:
        before, _ = lab.sectors("disk")
        probe.read(descriptor, SIZE)
        lab.record(f"read {what}", lab.sectors("disk")[0] - before)

    read("of a tmpfs file", opened["tmpfs"])
    read("for the first time", opened["read"])
    read("for the second time", opened["read"])
    read("by direct I/O", direct)
    files["written"] = f"{disk}/written"
    opened["written"] = probe.create_file(files["written"], SIZE)
    lab.sample("read and written", pages=files)
    read("of what was just written", opened["written"])
    probe.map(SIZE, shared=True, write=False, fd=opened["mapped"]).read()
    lab.sample("mapped", pages=files)
    read("of what a mapping loaded", opened["mapped"])


def cost(what: str) -> Quantity:
    return Recorded(f"read {what}", "sectors", title=f"sectors that the disk read: a read {what}")


def free_of_charge(claim: Claim, what: str) -> Expect:
    return Expect(claim, cost(what), if_true=Exactly(0, "no I/O"), if_false=AtLeast(1, "any I/O"),
                  reads_true=cost("of a tmpfs file"), reads_false=cost("for the first time"),
                  says=f"A read {what} made the disk read {{value}} sectors.")


def cached(name: str, moment: str, title: str) -> Quantity:
    return Pages(moment, name).called(f"cached pages of a file that was {title}")


def in_cache(claim: Claim, name: str, moment: str, title: str) -> Expect:
    return Expect(claim, cached(name, moment, title), if_true=Exactly(pages(SIZE), "every page goes through it"),
                  if_false=AtMost(pages(SIZE) - 1, "one page that does not is enough"),
                  reads_true=cached("tmpfs", moment, "written to tmpfs"),
                  reads_false=cached("direct", moment, "read by direct I/O"),
                  says=f"Of a file that was {title}, {{value}} of {{bound}} pages were in the cache.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    expects=(free_of_charge(FILE_IO, "for the second time"), free_of_charge(FILE_IO, "of what was just written"),
             in_cache(FILE_IO, "read", "read and written", "read"),
             in_cache(FILE_IO, "written", "read and written", "written"),
             free_of_charge(MMAP_IO, "of what a mapping loaded"), in_cache(MMAP_IO, "mapped", "mapped", "mapped")),
)
