"""Do containers that share an image share its pages in the page cache?

A file lies in the lower layer of two overlay file systems, as an image under two containers. One reads it, twice, then the other.
A copy of it, which the second container makes by changing a byte, is read as well. Cached tells what each reading added.
"""

import os

from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Expect, Experiment, Known, Needs, Quantity, pages,
)
from harness.lab import Lab

SIZE = 8 * MIB
NEAR = 64       # pages of metadata that a first reading of a file may bring in: far less than the file, 2,048

SHARED = Claim(
    "own-overlay-shares-page-cache", "Containers that read the same file of their common image have it in memory once.",
    "Questions of our own",
    known=(Known(CONFIRMED, "Documentation/filesystems/overlayfs.rst: a file that is not copied up is the lower one (v5.10 to "
                            "v7.2); fs/overlayfs/file.c, ovl_read_iter reads the real file"),))


def procedure(lab: Lab) -> None:
    disk, probe = lab.mount_disk(), lab.probe()
    for directory in ("image", "first", "second"):
        lab.hand.mkdir(f"{disk}/{directory}")
    probe.create_file(f"{disk}/image/file", SIZE)
    containers = [lab.mount_overlay(f"{disk}/image", f"{disk}/{name}", name) for name in ("first", "second")]
    lab.sync()
    lab.drop_caches(3)

    def read(container: str) -> None:
        probe.read(probe.open(f"{container}/file", os.O_RDONLY).value, SIZE)

    lab.sample("dropped")
    read(containers[0])
    lab.sample("first")
    read(containers[0])
    lab.sample("again")
    read(containers[1])
    lab.sample("second")
    probe.write(probe.open(f"{containers[1]}/file").value, lab.page_size)     # copies the whole file up
    lab.sync()
    lab.drop_caches(3)
    read(containers[0])
    lab.sample("first again")
    read(containers[1])
    lab.sample("copy")


def grown(since: str, until: str, words: str) -> Quantity:
    return Change("meminfo:Cached", since, until).called(f"growth of Cached {words}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=512 * MIB, modules=("overlay",), changes=("drop_caches", "mount")),
    expects=(Expect(
        SHARED, grown("again", "second", "when the second container read it"),
        if_true=AtMost(NEAR, "nothing of it came again"), if_false=AtLeast(pages(SIZE) - NEAR, "all of it came again"),
        reads_true=grown("first", "again", "when the first one read it again"),
        reads_false=grown("first again", "copy", "when it read a copy of its own"),
        says="When the second container read it Cached grew by {value} pages."),),
)
