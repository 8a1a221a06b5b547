"""When does a tmpfs file get a new page: by writing to a hole, by reading one, by writing again?

A tmpfs file of holes is read with read(), then a byte is written into every page of its first half, which is then
read and written again. After each step the growth of Shmem is read, and pagemap tells whether every page kept its
frame. Reading a hole through a mapping and writing to a private mapping show how a new page reads.
"""

import os

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity,
    Recorded, SameFrames, pages,
)
from harness.lab import SHARED, Lab

SIZE = 4 * MIB

WRITE = Claim(
    "tmpfs-write-hole-allocates",
    "Writing to a part of a tmpfs file that is neither in memory nor in swap makes a new page.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_get_folio_gfp (v6.1 to v7.2), shmem_getpage_gfp (v5.10): SGP_WRITE allocates "
                            "what it does not find"),))
AGAIN = Claim(
    "tmpfs-overwrite-in-place",
    "Writing again to a part of a tmpfs file that is in memory takes no new page.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_get_folio_gfp (v6.1 to v7.2), shmem_getpage_gfp (v5.10): a page that is found "
                            "is the one that is written"),))
READ = Claim(
    "tmpfs-read-hole-allocates", "Reading a hole of a tmpfs file with read() makes a page.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, shmem_file_read_iter: SGP_READ finds no page, and zeros are copied without one, or "
                          "from ZERO_PAGE (v5.10 to v7.2)"),),
    instead="read() of a hole costs nothing; writing to it does, and so does touching it through a mapping.")


def procedure(lab: Lab) -> None:
    path = lab.mount_tmpfs() + "/file"
    probe = lab.probe()
    fd = probe.open(path, os.O_RDWR | os.O_CREAT).value
    probe.ftruncate(fd, 2 * SIZE)
    private = probe.map(SIZE, fd=fd)
    lab.sample("hole")
    lab.record("read of the hole", probe.read(fd, SIZE).value)
    lab.sample("hole read")
    for page in range(0, SIZE, lab.page_size):
        probe.write_text(fd, b"a", page + 100)
    lab.sample("written")
    regions = {"file": probe.map(SIZE, shared=True, fd=fd).read(), "private": private.read()}
    lab.sample("mapped", pages=regions)
    lab.record("read again", probe.read(fd, SIZE).value)
    lab.sample("read", pages=regions)
    probe.write(fd, SIZE)
    lab.sample("written again", pages=regions)
    lab.record("written again", probe.check_file(fd, SIZE).value)
    private.write()
    lab.sample("copied", pages=regions)
    probe.touch(probe.mmap(SIZE, flags=SHARED, fd=fd, offset=SIZE).value, SIZE, stride=lab.page_size)
    lab.sample("hole mapped")


def growth(since: str, until: str, what: str) -> Quantity:
    return Change("meminfo:Shmem", since, until).called(f"growth of Shmem by {what}")


def kept(label: str, since: str, until: str, what: str) -> Quantity:
    return SameFrames(since, label, label, until=until).called(f"pages that keep their frame: {what}")


REREAD = growth("mapped", "read", "reading pages that are there")
MAPPED = growth("copied", "hole mapped", "reading a hole through a mapping")
COPIED = growth("written again", "copied", "writing to a private mapping of the file")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    version=2,
    guards=(*(Guard(Recorded(name, "bytes"), Exactly(SIZE), "what is not read makes no page either")
              for name in ("read of the hole", "read again")),
            Guard(Recorded("written again", "pages"), Exactly(pages(SIZE)), "nor does what is not written")),
    expects=(
        Expect(WRITE, growth("hole read", "written", "writing a byte to each page of a hole"),
               if_true=Exactly(pages(SIZE), "one for each page that a byte was written to"),
               if_false=AtMost(pages(SIZE) - 1, "a page without a page of memory"),
               reads_true=MAPPED, reads_false=REREAD,
               says="A byte written to each of {bound} pages of a hole made {value} pages."),
        Expect(AGAIN, growth("read", "written again", "writing again to pages that are there"),
               if_true=Exactly(0, "no new page"), if_false=AtLeast(1, "one is enough"),
               reads_true=COPIED, reads_false=MAPPED,
               says="Writing again to all of the file took {value} new pages."),
        Expect(AGAIN, kept("file", "read", "written again", "a tmpfs file, written again"),
               if_true=Exactly(pages(SIZE), "in place: every page where it was"),
               if_false=AtMost(pages(SIZE) - 1, "one that was replaced is enough"),
               reads_true=kept("file", "mapped", "read", "a tmpfs file, read"),
               reads_false=kept("private", "written again", "copied", "a private mapping, written to"),
               says="{value} of its {bound} pages kept their frame."),
        Expect(READ, growth("hole", "hole read", "read() of a hole"),
               if_true=Exactly(pages(SIZE), "one for each page that was read"),
               if_false=AtMost(pages(SIZE) - 1, "one page of the hole that was read without one is enough"),
               reads_true=MAPPED, reads_false=REREAD,
               says="read() of a hole of 1,024 pages made {value} pages."),
    ),
)
