"""Which pages of a file does the page cache hold after a read, advice, fsync, direct I/O or unlink, and what goes to the disk?

Each case makes a file of 1 MiB on an ext4 disk, written to the disk or still dirty, cached or not, and does one thing with it.
mincore tells which of its pages are in the page cache then; for deleted files it is Cached of the machine, for what is read and
written the sectors of the disk. A treatment that is known to load or to drop pages, and one that is not, show how answers read.
"""

import os
from collections.abc import Callable

from experiments.sections import PAGE_CACHE
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Disk, Document, Exactly, Known, Needs, Pages,
    Settings, Small, pages, table,
)
from harness.lab import DONTNEED, NORMAL, RANDOM, SEQUENTIAL, Lab, Probe

SIZE, SECTOR, AHEAD, STEPS = MIB, 512, 128 * KIB, 72           # bytes; pages that are read one by one
MIDDLE, PAGES, SECTORS = SIZE // 2, SIZE // (4 * KIB), SIZE // SECTOR
SLOW = 1_000_000            # bytes a second: what is dirty is still on its way when the advice has been given
FADVISE = "posix_fadvise(2), POSIX_FADV_DONTNEED (man-pages 6.03)"

READ_4K = Claim(
    "cache-4k-read-4k", "Reading 4 KiB of an uncached file loads 4 KiB.", PAGE_CACHE,
    known=(Known(REFUTED, "mm/readahead.c, get_init_ra_size: the first read at a file's start gets a window of four times its "
                          "size; elsewhere it is read as it is (v5.10 to v7.2)"),),
    instead="Set POSIX_FADV_RANDOM where single blocks are read: without it a read at the start of a file, or one behind the "
            "last, begins to read ahead.")
READAHEAD = Claim(
    "cache-readahead-128k", "A sequential reader has at most read_ahead_kb ahead of it in the cache.", PAGE_CACHE,
    known=(Known(REFUTED, "mm/readahead.c: the next window, as large as the most that is read ahead, is read when the present "
                          "one is entered (v5.10 to v7.2)"),),
    instead="Count on nearly twice read_ahead_kb of cache ahead of a sequential reader: the window that it reads in and the one "
            "behind that.")
CLEAN = Claim(
    "cache-fadvise-dontneed", "POSIX_FADV_DONTNEED drops a file's clean, unmapped pages.", PAGE_CACHE,
    known=(Known(CONFIRMED, f"{FADVISE}; mm/fadvise.c, generic_fadvise: what waits for an LRU list is drained first (v5.10 to "
                            "v7.2)"),),
    document=Document(FADVISE))
DIRTY = Claim(
    "cache-fadvise-dirty", "POSIX_FADV_DONTNEED drops dirty pages too.", PAGE_CACHE,
    known=(Known(REFUTED, f"{FADVISE}: pages that have not been written out are not affected; mm/fadvise.c, generic_fadvise "
                          "begins to write them and does not wait (v5.10 to v7.2)"),),
    instead="Call fsync() before POSIX_FADV_DONTNEED, or sync_file_range() with SYNC_FILE_RANGE_WAIT_AFTER: what is dirty or "
            "still being written stays in the cache.")
PARTIAL = Claim(
    "cache-fadvise-partial", "POSIX_FADV_DONTNEED of less than a page drops it.", PAGE_CACHE,
    known=(Known(REFUTED, f"{FADVISE}: requests to discard partial pages are ignored"),),
    instead="Give POSIX_FADV_DONTNEED whole pages, or a length of 0 for all up to the end: a page that is begun is kept, "
            "unless the range reaches the end of the file.")
FSYNC = Claim(
    "cache-fsync-frees", "fsync frees a file's pages.", PAGE_CACHE,
    known=(Known(REFUTED, "fsync(2) (man-pages 6.03): it writes what is modified to the disk; the pages are clean then"),),
    instead="Call posix_fadvise(POSIX_FADV_DONTNEED) after fsync() if the pages are not needed: fsync makes them clean, and so "
            "free to take, but keeps them.")
UNLINK = Claim(
    "cache-unlink-drops", "Deleting a file (not open anywhere) frees its page cache at once.", PAGE_CACHE,
    known=(Known(CONFIRMED, "fs/inode.c, evict, when the last name and user have gone; fs/ext4/inode.c, ext4_evict_inode: "
                            "truncate_inode_pages_final (v5.10 to v7.2)"),))
DELETED = Claim(
    "cache-deleted-dirty-unwritten", "Dirty data of a file deleted before write-back is never written.", PAGE_CACHE,
    known=(Known(CONFIRMED, "mm/truncate.c: pages that are truncated are cleaned without being written (v5.10 to v7.2)"),))
LEAVES = Claim(
    "cache-odirect-leaves", "An O_DIRECT write leaves old cached pages of the file in place.", PAGE_CACHE,
    known=(Known(REFUTED, "fs/iomap/direct-io.c, iomap_dio_rw: the range is invalidated before the write and after it (v5.10 to "
                          "v7.2); open(2), O_DIRECT (man-pages 6.03) warns of mixing both"),),
    instead="Expect the cached pages of what is written with O_DIRECT to be gone: who reads the file by read() afterwards "
            "reads it from the disk.")
NO_CACHE = Claim(
    "cache-odirect-no-cache", "An O_DIRECT read puts nothing into the page cache (ext4, its data not journalled).", PAGE_CACHE,
    known=(Known(CONFIRMED, "open(2), O_DIRECT (man-pages 6.03): I/O is done to and from buffers of the user"),))
HOLE = Claim(
    "cache-hole-no-memory", "Reading a hole of a disk file takes no memory.", PAGE_CACHE,
    known=(Known(REFUTED, "fs/ext4/readpage.c, ext4_mpage_readpages: a page without a block is filled with zeros and kept like "
                          "any other (v5.10 to v7.2)"),),
    instead="Find holes with lseek(SEEK_DATA) and skip them, or drop their pages after reading: a hole that is read takes page "
            "cache like data.")
PART = Claim(
    "cache-partial-write-reads", "Writing a whole page of an uncached file reads nothing from disk, writing part of a block that "
    "holds data reads it.", PAGE_CACHE,
    known=(Known(CONFIRMED, "fs/buffer.c, __block_write_begin_int (v5.10, v6.1); fs/ext4/inode.c, ext4_block_write_begin (v6.12, "
                            "v7.2): only a block that is written in part and not up to date is read first"),))
MAPPED = Claim(
    "dirty-mmap-unseen", "Pages dirtied through a shared mapping do not count in Dirty until msync.", PAGE_CACHE,
    known=(Known(REFUTED, "mm/memory.c: the first write to a page faults, and page_mkwrite marks it dirty, since 2.6.19 (v5.10 "
                          "to v7.2)"),),
    instead="Read Dirty as it stands: a page of a shared file mapping counts from its first write on, and msync only has it "
            "written.")

Do = Callable[[Lab, Probe, int, str], object]       # what is done with a file that is open: bench, process, descriptor, path


def file(lab: Lab, at: str, *, cached: bool = True, dirty: bool = False, disk: str = "disk") -> tuple[Probe, int, str]:
    """Makes a new file and opens it. One that is there is not cut off instead: ext4 writes such a file when it is closed."""
    probe, path = lab.probe(at), f"{lab.mount_disk(disk)}/file"
    lab.hand.attempt.unlink(path)
    fd = probe.create_file(path, SIZE)
    if not dirty:
        probe.fsync(fd)
    if not cached:
        lab.drop_caches(1)
    return probe, fd, path


def left(words: str, do: Do, *, cached: bool = True, dirty: bool = False, disk: str = "disk") -> Case:
    """Looks which pages of the file are in the cache after something was done with it."""
    def run(lab: Lab, at: str) -> None:
        probe, fd, path = file(lab, at, cached=cached, dirty=dirty, disk=disk)
        do(lab, probe, fd, path)
        lab.sample(at, pages={at: path})
    return Case(words, run)


def loaded(words: str, size: int, offset: int, advice: int = NORMAL) -> Case:
    def read(lab: Lab, probe: Probe, fd: int, path: str) -> None:
        probe.fadvise(fd, 0, 0, advice)
        probe.read(fd, size, offset)
    return left(words, read, cached=False)


def ahead(words: str, advice: int) -> Case:
    """Records the most pages that were in the cache behind the one that was read last."""
    def run(lab: Lab, at: str) -> None:
        probe, fd, _ = file(lab, at, cached=False)
        probe.fadvise(fd, 0, 0, advice)
        memory, page = probe.map(SIZE, shared=True, fd=fd, write=False), lab.page_size
        found = []
        for number in range(STEPS):
            probe.read(fd, page, number * page)
            found.append(probe.mincore(memory.address, SIZE).value - number - 1)
        lab.record(at, max(found))
    return Case(words, run)


def advised(words: str, advice: int = DONTNEED, length: int = 0, *, dirty: bool = False, disk: str = "disk") -> Case:
    """dirty: another file is being written to the disk already. QEMU lets one request of any size pass a disk that is slow and
    has done nothing, and holds back the next one (util/throttle.c, throttle_compute_wait): 5.10 writes 1 MiB in one."""
    def run(lab: Lab, probe: Probe, fd: int, path: str) -> None:
        if dirty:
            probe.fadvise(probe.create_file(f"{path}, ahead", SIZE), 0, 0, DONTNEED)
        probe.fadvise(fd, 0, length, advice)
    return left(words, run, dirty=dirty, disk=disk)


def direct(words: str, *, write: bool, cached: bool) -> Case:
    def run(lab: Lab, probe: Probe, fd: int, path: str) -> None:
        other = probe.open(path, os.O_RDWR | lab.architecture.o_direct).value
        (probe.write if write else probe.read)(other, SIZE)
    return left(words, run, cached=cached)


def hole(words: str, flags: int | None) -> Case:
    """Reads a file after it was cut off and made as long again; flags: with which it is opened, None for direct I/O."""
    def run(lab: Lab, probe: Probe, fd: int, path: str) -> None:
        for size in (0, SIZE):
            probe.ftruncate(fd, size)
        probe.read(probe.open(path, lab.architecture.o_direct if flags is None else flags).value, SIZE)
    return left(words, run)


def falls(words: str, do: Do) -> Case:
    def run(lab: Lab, at: str) -> None:
        probe, fd, path = file(lab, at)
        lab.sample(f"{at} before")
        do(lab, probe, fd, path)
        lab.sample(f"{at} after")
    return Case(words, run)


def close_and_unlink(lab: Lab, probe: Probe, fd: int, path: str) -> None:
    probe.close(fd)
    probe.unlink(path)


def moved(words: str, do: Do, *, write: bool = False, dirty: bool = False) -> Case:
    """Records the sectors that the disk reads, or writes, meanwhile; what the file system needs to know is in memory."""
    def run(lab: Lab, at: str) -> None:
        probe, fd, path = file(lab, at, dirty=dirty)
        if not dirty:
            probe.fadvise(fd, 0, 0, DONTNEED)
        before = lab.sectors("disk")[int(write)]
        do(lab, probe, fd, path)
        lab.record(at, lab.sectors("disk")[int(write)] - before)
    return Case(words, run)


def written(words: str, size: int) -> Case:
    return moved(words, lambda lab, probe, fd, path: probe.write_text(fd, b"x" * size, MIDDLE))


def delete_and_sync(lab: Lab, probe: Probe, fd: int, path: str) -> None:
    close_and_unlink(lab, probe, fd, path)
    lab.sync()


def dirtied(words: str, *, by_write: bool = False, touch: bool = True) -> Case:
    def do(lab: Lab, probe: Probe, fd: int, path: str) -> None:
        memory = probe.map(SIZE, shared=True, fd=fd)
        if by_write:
            probe.write(fd, SIZE)
        else:
            (memory.write if touch else memory.read)()
    return falls(words, do)


def read_and_drop(lab: Lab, probe: Probe, fd: int, path: str) -> None:
    probe.read(fd, SIZE)
    probe.fadvise(fd, 0, 0, DONTNEED)


def untouched(lab: Lab, probe: Probe, fd: int, path: str) -> None:
    """Leaves the file as it is."""


ALL, NOT_ALL = Exactly(pages(SIZE), "every page stays"), AtMost(pages(SIZE) - 1, "one page that goes is enough")
GONE, SOME = Exactly(0, "not a page is left"), AtLeast(1, "one page is enough")
NO_IO, IO = Exactly(0, "nothing is read"), AtLeast(1, "any sector")
DROPPED = advised("after POSIX_FADV_DONTNEED of what is clean")
KEPT = advised("after POSIX_FADV_NORMAL", NORMAL)
WHOLE_PAGE, PART_OF_ONE = written("for a write of a whole page", 4 * KIB), written("for a write of a part of one", 100)
READ = moved("for a read of it", lambda lab, probe, fd, path: probe.read(fd, 4 * KIB, MIDDLE))
EXPERIMENT = table(
    *(Small(READ_4K, "pages loaded", loaded(f"by 4 KiB {where}", 4 * KIB, offset),
            loaded(f"by 4 KiB {where} with POSIX_FADV_RANDOM", 4 * KIB, offset, RANDOM),
            loaded(f"by 64 KiB {where}", 64 * KIB, offset), of=lambda at: Pages(at, at), key=key,
            if_true=Exactly(1, "4 KiB are a page"), if_false=AtLeast(2, "more than was asked for"),
            says=f"Reading 4 KiB {where} of an uncached file loaded {{value}} pages.")
      for key, where, offset in (("start", "at the start", 0), ("middle", "in the middle", MIDDLE))),
    Small(READAHEAD, "most pages ahead", ahead("of a sequential reader", NORMAL),
          ahead("of one with POSIX_FADV_RANDOM", RANDOM), ahead("of one with POSIX_FADV_SEQUENTIAL", SEQUENTIAL), unit="pages",
          if_true=AtMost(pages(AHEAD), "read_ahead_kb"), if_false=AtLeast(pages(AHEAD) + 1, "a page more"),
          says="A sequential reader had up to {value} pages ahead of it, with a read_ahead_kb of {bound} pages."),
    Small(CLEAN, "pages left", left("after POSIX_FADV_DONTNEED of what was read", read_and_drop, cached=False),
          left("after 1 was written to drop_caches", lambda lab, *_: lab.drop_caches(1)), KEPT, GONE, SOME,
          of=lambda at: Pages(at, at), says=f"POSIX_FADV_DONTNEED left {{value}} of {PAGES} clean pages."),
    Small(DIRTY, "pages left", advised("after POSIX_FADV_DONTNEED of what is dirty", dirty=True, disk="slow"),
          advised("after POSIX_FADV_DONTNEED of what was fsynced", disk="slow"),
          advised("after POSIX_FADV_NORMAL of what is dirty", NORMAL, dirty=True, disk="slow"), GONE, SOME,
          of=lambda at: Pages(at, at), says=f"Right after it was written POSIX_FADV_DONTNEED left {{value}} of {PAGES} pages."),
    Small(PARTIAL, "pages left", advised("after POSIX_FADV_DONTNEED of less than a page", length=4 * KIB - 1), DROPPED, KEPT,
          NOT_ALL, ALL, of=lambda at: Pages(at, at),
          says=f"POSIX_FADV_DONTNEED of a page less a byte left {{value}} of {PAGES} pages."),
    Small(FSYNC, "pages left", left("after fsync", lambda lab, probe, fd, path: probe.fsync(fd), dirty=True), DROPPED,
          left("before fsync", untouched, dirty=True), GONE, SOME, of=lambda at: Pages(at, at),
          says=f"After fsync {{value}} of {PAGES} pages were left in the cache."),
    Small(UNLINK, "fall of Cached", falls("when it was deleted", close_and_unlink),
          falls("when it was cut off at 0", lambda lab, probe, fd, path: probe.ftruncate(fd, 0)),
          falls("when it was deleted while it was open", lambda lab, probe, fd, path: probe.unlink(path)),
          of=lambda at: Change("meminfo:Cached", f"{at} before", f"{at} after") * -1,
          if_true=AtLeast(pages(SIZE), "every page"), if_false=AtMost(pages(SIZE) - 1, "a page stays"),
          says=f"When a file of {SIZE // MIB} MiB was deleted Cached fell by {{value}}."),
    Small(DELETED, "sectors written", moved("when it was deleted and all synced", delete_and_sync, write=True, dirty=True),
          moved("when it was deleted after fsync, and all synced", delete_and_sync, write=True),
          moved("when all was synced", lambda lab, *_: lab.sync(), write=True, dirty=True), unit="sectors",
          if_true=AtMost(SECTORS // 4, "what the file system writes of its own"), if_false=AtLeast(SECTORS, "all of it"),
          slack="the file system's journal, and its inodes and directories, are written whatever becomes of the data",
          says=f"Of a dirty file of {SECTORS:,} sectors that was deleted the disk got {{value}}, the file system's own among "
               "them."),
    Small(LEAVES, "pages left", direct("after an O_DIRECT write", write=True, cached=True),
          direct("after an O_DIRECT read", write=False, cached=True), DROPPED, ALL, NOT_ALL, of=lambda at: Pages(at, at),
          says="An O_DIRECT write left {value} of {bound} cached pages."),
    Small(NO_CACHE, "pages", direct("after an O_DIRECT read", write=False, cached=False),
          left("without a read", untouched, cached=False), left("after read()", lambda lab, probe, fd, path: probe.read(fd, SIZE),
                                                                cached=False), GONE, SOME,
          of=lambda at: Pages(at, at), says="After an O_DIRECT read {value} pages of the file were in the cache."),
    Small(HOLE, "pages", hole("after a hole was read by read()", os.O_RDONLY), hole("after a hole was read with O_DIRECT", None),
          left("after data were read by read()", lambda lab, probe, fd, path: probe.read(fd, SIZE), cached=False), GONE, SOME,
          of=lambda at: Pages(at, at), says=f"A hole of {PAGES} pages that was read took {{value}} of cache."),
    Small(PART, "sectors read", WHOLE_PAGE, moved("for nothing", untouched), READ, NO_IO, IO, unit="sectors", key="whole",
          says="Writing a whole page of an uncached file made the disk read {value} sectors,"),
    Small(PART, "sectors read", PART_OF_ONE, READ, WHOLE_PAGE, IO, NO_IO, unit="sectors", key="part",
          says="writing a part of one {value}."),
    Small(MAPPED, "growth of Dirty", dirtied("when a shared mapping was written to"),
          dirtied("when it was only read", touch=False), dirtied("when it was written by write()", by_write=True),
          of=lambda at: Change("meminfo:Dirty", f"{at} before", f"{at} after"), if_true=AtMost(pages(SIZE) // 4, "none of it"),
          if_false=AtLeast(pages(SIZE), "all of it"),
          says=f"A write to each page of a shared mapping of {SIZE // MIB} MiB made Dirty grow by {{value}}."),
    settings=Settings(readahead=AHEAD // KIB),
    version=2,
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB), Disk("slow", "ext4", 64 * MIB, rate=SLOW)), page_sizes=(4 * KIB,),
                changes=("drop_caches", "mount")),
)
