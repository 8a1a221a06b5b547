"""What does advice load into memory, and does it say what it could not load?

A file on an ext4 disk is dropped from the page cache and mapped, and the advice is given. mincore tells how many of its pages
are there, and a touch of all of them counts the faults that waited for the disk. Anonymous memory is populated, and so is what
lies past a file's end. The same file read beforehand, and the same mapping without the advice, show how the answers read.
"""

import errno
import os

from experiments.sections import MAPPINGS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Claim, Disk, Errno, Exactly, Faults, Known, Needs, Not, Pages,
    Recorded, Small,
    pages, table,
)
from harness.lab import NORMAL, POPULATE, POPULATE_WRITE, RANDOM, WILLNEED, Lab, Probe, Region

SIZE, PAGE_OF_IT = 16 * MIB, 100
MAN = "(man-pages 6.03)"

ONE_PAGE = Claim(
    "madv-random-one-page", "With MADV_RANDOM a fault in an uncached file mapping reads exactly one page.", MAPPINGS,
    known=(Known(CONFIRMED, "mm/filemap.c, do_sync_mmap_readahead: with VM_RAND_READ it reads nothing ahead (v5.10 to v7.2), "
                            "unless the mapping has VM_HUGEPAGE (v6.1 to v7.2) or VM_EXEC (v7.2) too"),))
LOADS = Claim(
    "madv-willneed-loads", "MADV_WILLNEED of a file mapping loads its pages without a major fault later.", MAPPINGS,
    known=(Known(REFUTED, "mm/readahead.c, force_page_cache_ra: one call reads no more than the larger of io_pages and ra_pages "
                          "(v5.10 to v7.2)"),),
    instead="Call MADV_WILLNEED in pieces of at most the larger of the device's read_ahead_kb and max_sectors_kb: one call reads "
            "no more than that. Or call MADV_POPULATE_READ for the whole.")
WRITE = Claim(
    "madv-populate-write", "MADV_POPULATE_WRITE makes a range resident and reports errors (5.14+).", MAPPINGS,
    known=(Known(CONFIRMED, f"madvise(2), MADV_POPULATE_WRITE {MAN}"),))
REPORTS = Claim(
    "map-populate-reports", "mmap with MAP_POPULATE fails when the pages cannot be had.", MAPPINGS,
    known=(Known(REFUTED, f"mmap(2), MAP_POPULATE {MAN}: the call doesn't fail if the mapping cannot be populated"),),
    instead="Call madvise() with MADV_POPULATE_READ or MADV_POPULATE_WRITE after mmap() where a failure must be seen: "
            "MAP_POPULATE "
            "does not report one.")


def file(lab: Lab, probe: Probe, size: int = SIZE) -> int:
    """Makes a file that is on the disk and not in the page cache, and opens it."""
    path = f"{lab.mount_disk()}/file"
    probe.close(probe.create_file(path, size))
    lab.sync()
    lab.drop_caches(1)
    return probe.open(path).value


def one_touch(words: str, advice: int) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        memory = probe.map(SIZE, shared=True, fd=file(lab, probe)).advise(advice)
        memory.part(PAGE_OF_IT * lab.page_size, lab.page_size).read()
        lab.sample(at, pages={"file": "/mnt/disk/file"})
    return Case(words, do)


def one_read(lab: Lab, at: str) -> None:
    probe = lab.probe(at)
    fd = file(lab, probe)
    probe.fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    probe.read(fd, lab.page_size, PAGE_OF_IT * lab.page_size)
    lab.sample(at, pages={"file": "/mnt/disk/file"})


def touched(words: str, advice: int, *, read: bool = False) -> Case:
    """Records what is in memory once what was begun has ended, 5 s at most; the touch of all is the outcome."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        fd = file(lab, probe)
        if read:
            probe.read(fd, SIZE)
        memory = probe.map(SIZE, shared=True, fd=fd).advise(advice)
        for _ in range(50 if advice == WILLNEED else 1):
            if (loaded := probe.mincore(memory.address, SIZE).value) == SIZE // lab.page_size:
                break
            lab.hand.sleep(100_000_000)
        lab.record(f"{at}: loaded", loaded)
        memory.try_as(at).read()
    return Case(words, do)


def populate(lab: Lab, at: str, memory: Region) -> None:
    reply = memory.try_as(at).advise(POPULATE_WRITE)
    if reply.error == errno.EINVAL:
        lab.skip("this kernel has no MADV_POPULATE_WRITE")


def resident(words: str, *, populated: bool = False, filled: bool = False) -> Case:
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(MIB)
        if populated:
            populate(lab, at, memory)
        if filled:
            memory.fill()
        lab.sample(at, pages={"memory": memory})
    return Case(words, do)


def populated(words: str, *, file_pages: int | None) -> Case:
    """Populates the memory of two pages of a file of so many; None for memory that is not there."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        if file_pages is None:
            memory = probe.map(2 * lab.page_size)
            memory.unmap()
        else:
            memory = probe.map(2 * lab.page_size, shared=True, fd=file(lab, probe, file_pages * lab.page_size))
        populate(lab, at, memory)
    return Case(words, do)


def map_populate(words: str, *, file_pages: int, flags: int = os.O_RDWR) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        probe.close(file(lab, probe, file_pages * lab.page_size))
        probe.try_as(at).map(2 * lab.page_size, shared=True, fd=probe.open("/mnt/disk/file", flags).value, flags=POPULATE)
    return Case(words, do)


ERROR, NO_ERROR = Not(0, "it says that it failed"), Exactly(0, "it says nothing")
EXPERIMENT = table(
    Small(ONE_PAGE, "pages read", one_touch("by a touch with MADV_RANDOM", RANDOM),
          Case("by read() of a page with POSIX_FADV_RANDOM", one_read), one_touch("by a touch without advice", NORMAL),
          of=lambda at: Pages(at, "file"), unit="pages", if_true=Exactly(1, "the page that was touched"),
          if_false=Not(1, "others too"),
          says="A touch of one page with MADV_RANDOM read {value} pages."),
    Small(LOADS, "major faults of a touch of all pages", touched("after MADV_WILLNEED", WILLNEED),
          touched("after read() of the whole file", NORMAL, read=True), touched("after MADV_NORMAL", NORMAL),
          of=lambda at: Faults(at, major=True), if_true=Exactly(0, "all was there"), if_false=AtLeast(1, "one is enough"),
          says=f"After MADV_WILLNEED of {SIZE // MIB} MiB a touch of all pages took {{value}} major faults."),
    Small(WRITE, "resident pages", resident("after MADV_POPULATE_WRITE", populated=True),
          resident("of filled memory", filled=True),
          resident("of untouched memory"), of=lambda at: Pages(at, "memory"), key="pages",
          if_true=Exactly(pages(MIB), "the whole range"), if_false=AtMost(pages(MIB) - 1, "a page is missing"),
          says="MADV_POPULATE_WRITE made {value} of {bound} pages resident,"),
    Small(WRITE, "errno", populated("past the end of a file", file_pages=1),
          populated("where nothing is mapped", file_pages=None),
          populated("within a file", file_pages=2), ERROR, NO_ERROR, of=Errno, unit="errno", key="errors",
          says="and past a file's end it gave {value:errno}."),
    Small(REPORTS, "errno of mmap with MAP_POPULATE", map_populate("past the end of a file", file_pages=1),
          map_populate("of a file that is not open for reading", file_pages=2, flags=os.O_WRONLY),
          map_populate("within a file", file_pages=2), ERROR, NO_ERROR, of=Errno, unit="errno",
          says="Past a file's end mmap with MAP_POPULATE gave {value:errno}."),
    besides=(Besides(LOADS, Recorded("madv-willneed-loads.asked: loaded", "pages"), AtLeast(1), "It had loaded {value} pages."),),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), changes=("mount", "drop_caches")),
)
