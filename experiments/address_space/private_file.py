"""What is a private mapping of a file made of, once it was read and once it was written?

Files on an ext4 disk are mapped privately and read, but for half of one of them, which is written first. A witness
maps the same files shared, which shows the frames of the page cache. Then a byte of each page is written, and after
it the whole page; the kernel's flags tell which pages became anonymous, the witness what the cache holds, and the
blocks of the device what is on the disk after msync. A shared mapping and an anonymous one are treated the same way.
"""

import os

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, MIB, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, Recorded,
    SameFrames, pages,
)
from harness.lab import Lab

SIZE = 8 * MIB
OLD, NEW = 1, 2     # seeds of the content: of the files, of what is written to mappings

READ_CACHED = Claim(
    "private-file-read-cached", "A private file mapping that is only read has its pages in the page cache.",
    ADDRESS_SPACE, known=(Known(CONFIRMED, "mm/memory.c, do_read_fault: it maps the page cache's own page (v6.12)"),))
COW = Claim(
    "private-file-cow", "Writing to a private file mapping copies the page to anonymous memory and leaves file and "
    "cache as they were.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, do_cow_fault and wp_page_copy: the copy is an anonymous page (v6.12)"),))


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.dirty_writeback_centisecs", 0)       # what reaches the disk does so because it was asked to
    disk = lab.mount_disk()
    probe, witness = lab.probe(), lab.probe("witness")
    files = {name: probe.create_file(f"{disk}/{name}", SIZE, OLD) for name in ("written", "shared", "read")}
    lab.sync()
    device = {name: lab.on_device(f"{disk}/{name}") for name in files}
    # A shared mapping, by another process, is the page cache itself.
    cache = {name: witness.map(SIZE, shared=True, write=False, fd=witness.open(f"{disk}/{name}", os.O_RDONLY).value)
             for name in files}
    mapped = {name: probe.map(SIZE, shared=name == "shared", fd=fd) for name, fd in files.items()}
    mapped["anonymous"] = probe.map(SIZE).fill(NEW)
    # Half of what will be written is read before, half is not: the kernel copies in two places.
    for region in (*cache.values(), mapped["read"], mapped["shared"], mapped["written"].part(0, SIZE // 2)):
        region.read()
    looked_at = {**mapped, **{f"cache of {name}": region for name, region in cache.items()}}
    lab.sample("read", pages=looked_at)
    for name in ("written", "shared", "anonymous"):
        mapped[name].write()                            # a byte of each page, as it was: a copy has all the rest too
        lab.record(f"{name}: old after a byte", mapped[name].check(OLD))
        mapped[name].fill(NEW)
        probe.msync(mapped[name].address, SIZE)
    lab.sample("written", pages=looked_at)
    for name in files:
        lab.record(f"{name}: old in cache", cache[name].check(OLD))
        lab.record(f"{name}: old on disk", device[name].check(OLD))


WHAT = {"read": "private mapping that was read", "written": "private mapping that was written",
        "shared": "shared mapping", "anonymous": "anonymous mapping"}


def from_cache(name: str, file: str) -> Quantity:
    return SameFrames("read", name, f"cache of {file}").called(f"pages of the {WHAT[name]} in frames of the cache")


def anonymous(name: str) -> Quantity:
    return Pages("written", name, "anonymous").called(f"anonymous pages of the {WHAT[name]}")


def old(name: str, where: str) -> Quantity:
    return Recorded(f"{name}: old {where}", "pages", title=f"pages of the {WHAT[name]} with the old content {where}")


ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "sysctl")),
    writes=("dirty_writeback_centisecs",),
    rate=0,
    guards=(Guard(Pages("read", "written"), AtMost(pages(SIZE * 3 // 4)), "a part of it must not have been read"),
            *(Guard(Pages("read", f"cache of {name}"), Exactly(pages(SIZE)), "the cache's frames must all be known")
              for name in ("read", "shared"))),
    expects=(
        Expect(READ_CACHED, from_cache("read", "read"), ALL, NOT_ALL,
               reads_true=from_cache("shared", "shared"), reads_false=from_cache("anonymous", "read"),
               says="Of {bound} pages that were read {value} were the page cache's own."),
        Expect(COW, anonymous("written"), ALL, NOT_ALL,
               reads_true=anonymous("anonymous"), reads_false=anonymous("shared"),
               says="Of {bound} pages that were written {value} were anonymous."),
        Expect(COW, old("written", "after a byte"), ALL, NOT_ALL,
               reads_true=old("shared", "after a byte"), reads_false=old("anonymous", "after a byte"),
               says="With one byte written {value} of {bound} pages had the rest of the file's content."),
        *(Expect(COW, old("written", where), ALL, NOT_ALL,
                 reads_true=old("read", where), reads_false=old("shared", where),
                 says=f"The {what} kept the old content of {{value}} of {{bound}} pages.")
          for where, what in (("in cache", "page cache"), ("on disk", "disk"))),
    ),
)
