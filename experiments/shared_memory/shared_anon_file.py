"""Is a shared anonymous mapping an unnamed tmpfs file, filled with zeros?

A shared anonymous mapping is read byte by byte before anything is written, then filled. The file behind it is opened
through /proc/PID/map_files: statfs names its file system, stat counts its names, and the kernel's page flags tell
what its pages are. A tmpfs file, an unlinked one, a disk's file and a private mapping are asked the same.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Pages, Quantity, Recorded,
    pages,
)
from harness.lab import TMPFS_MAGIC, Lab
from harness.lab.helpers.files import file_system, identify, links

SIZE = 1 * MIB          # as much as one `peek` returns

UNNAMED_FILE = Claim(
    "shared-anon-is-tmpfs-file", "A shared anonymous mapping (without MAP_HUGETLB) is an unnamed tmpfs file (and so is "
    "zero-filled).", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_zero_setup: a file on the kernel's own tmpfs mount, "
                            "without a link (v5.10, v6.12)"),))


def procedure(lab: Lab) -> None:
    tmpfs, disk = lab.mount_tmpfs(), lab.mount_disk()
    probe = lab.probe()
    probe.map(16 * SIZE).fill().unmap()         # free memory that is not zero by itself
    regions = {name: probe.map(SIZE, shared=True, fd=probe.create_file(path, SIZE))
               for name, path in (("tmpfs", f"{tmpfs}/file"), ("unlinked", f"{tmpfs}/unlinked"), ("disk", f"{disk}/file"))}
    probe.unlink(f"{tmpfs}/unlinked")
    regions |= {"anonymous": probe.map(SIZE, shared=True), "private": probe.map(SIZE)}
    for name, region in regions.items():
        content = probe.peek(region.address, SIZE).text
        lab.record(f"{name}: not zero", len(content) - content.count(b"\0"))
        region.fill()
        if name != "private":
            identify(lab, name, region.file)
    lab.sample("filled", pages=regions)


def magic(of: str, title: str) -> Quantity:
    return file_system(of, f"magic number of the file system behind {title}")


def shmem(of: str, title: str) -> Quantity:
    return Pages("filled", of, "shmem").called(f"page cache that is swap-backed, in {title}")


def not_zero(of: str, title: str) -> Quantity:
    return Recorded(f"{of}: not zero", "bytes", title=f"bytes that are not zero in {title}")


WHAT = "a shared anonymous mapping"

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(
        Expect(UNNAMED_FILE, magic("anonymous", WHAT),
               if_true=Exactly(TMPFS_MAGIC, "TMPFS_MAGIC of statfs(2)"), if_false=Not(TMPFS_MAGIC, "another one"),
               reads_true=magic("tmpfs", "a tmpfs file"), reads_false=magic("disk", "an ext4 file"),
               says=f"Behind {WHAT} statfs names the file system {{value:filesystem}}."),
        Expect(UNNAMED_FILE, shmem("anonymous", WHAT),
               if_true=Exactly(pages(SIZE), "every page that was filled"),
               if_false=AtMost(pages(SIZE) - 1, "anonymous, of a disk's file, or not there"),
               reads_true=shmem("tmpfs", "a tmpfs file"), reads_false=shmem("private", "a private mapping"),
               says="Of {bound} pages filled {value} are page cache that is swap-backed, as tmpfs pages are."),
        Expect(UNNAMED_FILE, links("anonymous", f"names of the file behind {WHAT}"),
               if_true=Exactly(0, "no link: unnamed"), if_false=AtLeast(1, "it has a name somewhere"),
               reads_true=links("unlinked", "names of an unlinked tmpfs file"),
               reads_false=links("tmpfs", "names of a tmpfs file"),
               says="That file has {value:a name|no name}."),
        Expect(UNNAMED_FILE, not_zero("anonymous", f"{WHAT} at first"),
               if_true=Exactly(0, "zero-filled, every byte"), if_false=AtLeast(1, "one is enough"),
               reads_true=not_zero("private", "a private mapping at first"),
               reads_false=not_zero("tmpfs", "a written tmpfs file"),
               says="{value:Some bytes of it were not zero|Every byte of it was zero}."),
    ),
)
