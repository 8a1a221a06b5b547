"""How much does a tmpfs hold, what does it take of memory, and when does it give it back?

Each case has a tmpfs of its own, and mostly a file of 8 MiB. It is mounted with a size, or none, mounted again with another,
and filled by files; the file is written, allocated, made longer or shorter, punched, deleted while open or not. errno, what
statfs says, and the growth of Shmem, MemAvailable, Dirty and of the group's memory.current tell the answers.
"""

import errno
import os
from collections.abc import Callable

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Counter, Disk, Document, Errno, Exactly, Known, Needs, Not,
    Quantity, Small, pages, table,
)
from harness.lab import MS_REMOUNT, Lab, Probe
from harness.lab.helpers.charges import BATCH
from harness.lab.helpers.files import space

SIZE, LARGE, FILES = 8 * MIB, 128 * MIB, 64
PUNCH_HOLE = 3                      # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE: fallocate(2)
RST, MAN = "Documentation/filesystems/tmpfs.rst", "(man-pages 6.03)"

HALF = Claim(
    "tmpfs-default-half", "A tmpfs mounted without size holds half of RAM.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_default_max_blocks: totalram_pages() / 2 (v5.10 to v7.2)"),),
    document=Document(f"{RST}, “half of your physical RAM without swap” (v5.10 to v7.2)"))
SET_ASIDE = Claim(
    "tmpfs-df-is-reserved", "The size that df shows for a tmpfs is memory set aside.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, shmem_fill_super only notes max_blocks (v5.10 to v7.2)"),),
    instead="Read the size of a tmpfs in df as its limit, and the used part as memory or swap that it has: an empty tmpfs takes "
            "nothing, whatever its size.")
OVER_RAM = Claim(
    "tmpfs-size-over-ram", "A tmpfs may be mounted larger than RAM plus swap.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_parse_one compares size with nothing (v5.10 to v7.2)"),))
SHRINK = Claim(
    "tmpfs-shrink-below-use", "A remount below the present use is refused.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_reconfigure: “Too small a size for current use” (v5.10 to v7.2)"),),
    document=Document(f"{RST}, “cannot be resized to a size below its current usage” (v6.12 to v7.2)"))
INODES = Claim(
    "tmpfs-inodes-enospc", "A tmpfs with free space gives ENOSPC when nr_inodes is used up.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_reserve_inode (v5.10 to v7.2)"),),
    document=Document(f"{RST}, “maximum number of inodes for this instance” (v5.10 to v7.2)"))
ALLOCATES = Claim(
    "tmpfs-fallocate-allocates", "fallocate on tmpfs allocates (and charges) memory at once.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_fallocate: SGP_FALLOC for each page (v5.10 to v7.2)"),))
LONGER = Claim(
    "tmpfs-truncate-extends-allocates", "ftruncate to a larger size allocates memory.", SHARED_MEMORY,
    known=(Known(REFUTED, f"ftruncate(2), DESCRIPTION {MAN}: the extended part reads as null bytes; mm/shmem.c, shmem_setattr "
                          "only writes the size (v5.10 to v7.2)"),),
    instead="Call posix_fallocate() if the pages of a tmpfs file must be there: ftruncate() makes a hole, whose pages come, or "
            "are refused, when they are touched.")
DIRTY = Claim(
    "tmpfs-dirty-counts", "Written tmpfs pages count in Dirty.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, noop_dirty_folio (v6.1 to v7.2), __set_page_dirty_no_writeback (v5.10): the page's flag "
                          "is set, and nothing is counted"),),
    instead="Read Shmem for what was written to tmpfs: Dirty counts only what waits to be written to a disk.")
OPEN = Claim(
    "tmpfs-unlink-open-frees", "Deleting a tmpfs file that is still open frees its memory.", SHARED_MEMORY,
    known=(Known(REFUTED, f"unlink(2), DESCRIPTION {MAN}: the file remains until the last descriptor is closed"),),
    instead="Truncate a tmpfs file before deleting it, or have its users close it: lsof +L1 lists deleted files that still hold "
            "memory.")
UNLINK = Claim(
    "tmpfs-unlink-frees", "Deleting an unused tmpfs file frees its memory at once.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_evict_inode: shmem_truncate_range over all of it (v5.10 to v7.2)"),))
HOLE = Claim(
    "tmpfs-hole-punch-frees", "FALLOC_FL_PUNCH_HOLE in a tmpfs file frees the pages.", SHARED_MEMORY,
    known=(Known(CONFIRMED, f"fallocate(2), FALLOC_FL_PUNCH_HOLE {MAN}; mm/shmem.c, shmem_fallocate: shmem_truncate_range "
                            "(v5.10 to v7.2)"),))


def holds(words: str, options: Callable[[Lab], str]) -> Case:
    """Records how many pages a tmpfs may have."""
    def do(lab: Lab, at: str) -> None:
        lab.sample(at)
        lab.record(at, space(lab, lab.mount_tmpfs(options=options(lab)))[0])
    return Case(words, do)


def mounted(words: str, options: Callable[[Lab], str]) -> Case:
    def do(lab: Lab, at: str) -> None:
        directory = lab.mount_tmpfs()
        if not lab.hand.try_as(at).mount("tmpfs", directory, "tmpfs", options(lab)).error:
            lab.hand.umount(directory)
    return Case(words, do)


def remounted(words: str, options: Callable[[Lab], str], *, used: int = 0) -> Case:
    """Tries to mount a tmpfs of SIZE again, of which so many bytes are used."""
    def do(lab: Lab, at: str) -> None:
        directory = lab.mount_tmpfs(options=f"huge=never,size={SIZE}")
        if used:
            lab.probe(at).create_file(f"{directory}/file", used)
        lab.hand.try_as(at).mount("tmpfs", directory, "tmpfs", options(lab), MS_REMOUNT)
    return Case(words, do)


def named(words: str, options: str) -> Case:
    """Tries to make some files, where there is space for them."""
    def do(lab: Lab, at: str) -> None:
        directory = lab.mount_tmpfs(options=f"huge=never,{options}")
        lab.require(space(lab, directory)[1] > FILES, "the tmpfs has free space")
        lab.hand.try_as(at).populate_dir(directory, FILES)
    return Case(words, do)


def overfilled(lab: Lab, at: str) -> None:
    probe = lab.probe(at)
    probe.try_as(at).write(probe.open(f"{lab.mount_tmpfs(options=f'size={MIB}')}/file", os.O_RDWR | os.O_CREAT).value, 2 * MIB)


Do = Callable[[Probe, int, str], object]


def between(words: str, do: Do, *, written: int = 0, disk: bool = False) -> Case:
    """Samples before and after something is done by a process of a group of its own, with a file of which so much is written."""
    def run(lab: Lab, at: str) -> None:
        probe = lab.probe(at, lab.sandbox(at))
        path = f"{lab.mount_disk() if disk else lab.mount_tmpfs()}/file"
        fd = probe.create_file(path, written)
        lab.sample(f"{at}: before")
        do(probe, fd, path)
        lab.sample(f"{at}: after")
    return Case(words, run)


def set_aside(words: str, mount: Callable[[Lab], str], *, allocate: bool = False) -> Case:
    """Samples before and after a file system is mounted, and perhaps all of it is allocated."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        lab.sample(f"{at}: before")
        directory = mount(lab)
        if allocate:
            probe.fallocate(probe.open(f"{directory}/file", os.O_RDWR | os.O_CREAT).value, 0, LARGE)
        lab.sample(f"{at}: after")
    return Case(words, do)


def large(lab: Lab) -> str:
    return lab.mount_tmpfs(options=f"size={LARGE}")


def growth(counter: str, sign: int = 1) -> Callable[[str], Quantity]:
    """counter: of the machine's, or of the case's group where it begins with "/"."""
    return lambda at: Change(f"{at}{counter}" if counter.startswith("/") else counter, f"{at}: before", f"{at}: after") * sign


def close_and_unlink(probe: Probe, fd: int, path: str) -> None:
    probe.close(fd)
    probe.unlink(path)


HALF_OF_RAM = Counter("meminfo:MemTotal", f"{HALF.id}.asked") // 2
SHMEM, FALL = growth("meminfo:Shmem"), growth("meminfo:Shmem", -1)
ALL = (Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough"))
REFUSED, TAKEN = Not(0, "refused, for whatever reason"), Exactly(0, "taken")
EXTENDED = between("by ftruncate to 8 MiB", lambda probe, fd, path: probe.ftruncate(fd, SIZE))
WRITTEN = between("by 8 MiB that were written", lambda probe, fd, path: probe.write(fd, SIZE))
FALLOCATED = between("by fallocate of 8 MiB", lambda probe, fd, path: probe.fallocate(fd, 0, SIZE))
SHORTENED = between("after ftruncate to 0", lambda probe, fd, path: probe.ftruncate(fd, 0), written=SIZE)
CLOSED = between("after it was closed", lambda probe, fd, path: probe.close(fd), written=SIZE)
UNKNOWN = remounted("of a remount with a size that is no number", lambda lab: "size=lots")
EMPTY = remounted("of a remount with half the size, empty", lambda lab: f"size={SIZE // 2}")


def falls(claim: Claim, asked: Case, what: str) -> Small:
    """Expects Shmem to fall by all that a file had."""
    return Small(claim, "fall of Shmem", asked, SHORTENED, CLOSED, *ALL, of=FALL,
                 says=f"{what} of {{bound}} pages made Shmem fall by {{value}}.")


EXPERIMENT = table(
    Small(HALF, "pages that a tmpfs may have", holds("mounted without size", lambda lab: "huge=never"),
          holds("mounted with half of RAM as nr_blocks", lambda lab: f"nr_blocks={lab.memory // lab.page_size // 2}"),
          holds("mounted with size=25%", lambda lab: "size=25%"), if_true=Exactly(HALF_OF_RAM, "half of MemTotal, rounded down"),
          if_false=Not(HALF_OF_RAM, "a page more or less"), unit="pages",
          says="A tmpfs mounted without size may have {value} pages; half of MemTotal is {bound}."),
    Small(SET_ASIDE, "fall of MemAvailable", set_aside("by a tmpfs of 128 MiB", large),
          set_aside("by one that is allocated whole", large, allocate=True),
          set_aside("by a ramfs", lambda lab: lab.mount_ramfs()), of=growth("meminfo:MemAvailable", -1),
          if_true=AtLeast(pages(LARGE) * 3 // 4, "all, but for what a processor had kept back: 1/8 of memory at most (v6.7)"),
          if_false=AtMost(pages(LARGE) // 4, "no more than what a processor keeps back: 1/8 of memory at most (v6.7)"),
          says=f"A tmpfs of {LARGE // MIB} MiB left MemAvailable {{value:±pages lower|pages higher|as it was}}."),
    Small(OVER_RAM, "errno", mounted("of a mount with four times RAM", lambda lab: f"size={4 * lab.memory}"),
          mounted("of a mount with 8 MiB", lambda lab: f"size={SIZE}"),
          mounted("of a mount with a size that is no number", lambda lab: "size=lots"), of=Errno, unit="errno", if_true=TAKEN,
          if_false=REFUSED, says="A tmpfs of four times RAM, without swap, was {value:answer}."),
    Small(SHRINK, "errno", remounted("of a remount below the use", lambda lab: f"size={SIZE // 2}", used=SIZE * 3 // 4), UNKNOWN,
          EMPTY, of=Errno, unit="errno", if_true=REFUSED, if_false=TAKEN, says="A remount below the use was {value:answer}."),
    Small(INODES, "errno", named("of more files than nr_inodes", f"nr_inodes={FILES // 2}"),
          Case("of writing more than it holds", overfilled), named("of fewer files than nr_inodes", f"nr_inodes={FILES * 2}"),
          of=Errno, unit="errno", if_true=Exactly(errno.ENOSPC, "the claim's errno"),
          if_false=Not(errno.ENOSPC, "made, or refused otherwise"),
          says="With free space, more files than nr_inodes gave {value:errno}."),
    Small(ALLOCATES, "growth of Shmem", FALLOCATED, WRITTEN, EXTENDED, *ALL, of=SHMEM, key="Shmem",
          says="After fallocate of {bound} pages Shmem had grown by {value},"),
    Small(ALLOCATES, "growth of memory.current", FALLOCATED, WRITTEN, EXTENDED, of=growth("/memory.current"), key="group",
          if_true=AtLeast(pages(SIZE) - BATCH, "all of it, but for what was charged ahead"),
          if_false=AtMost(pages(SIZE) - BATCH - 1, "a page more than is charged ahead is missing"),
          says="and its group's memory.current by {value}."),
    Small(LONGER, "growth of Shmem", EXTENDED, FALLOCATED,
          between("by ftruncate to the size it has", lambda probe, fd, path: probe.ftruncate(fd, SIZE), written=SIZE), of=SHMEM,
          if_true=AtLeast(1, "a page is memory"), if_false=Exactly(0, "not a page"),
          says=f"After ftruncate to {SIZE // MIB} MiB Shmem had grown by {{value}} pages."),
    Small(DIRTY, "growth of Dirty", WRITTEN,
          between("by 8 MiB written to a disk file", lambda probe, fd, path: probe.write(fd, SIZE), disk=True), EXTENDED,
          of=growth("meminfo:Dirty"),
          if_true=AtLeast(pages(SIZE) * 3 // 4, "all of it, with room for what the kernel writes meanwhile"),
          if_false=AtMost(pages(SIZE) // 4, "no more than what else gets dirty meanwhile"),
          says=f"{SIZE // MIB} MiB written to a tmpfs made Dirty grow by {{value}} pages."),
    falls(OPEN, between("after it was deleted, open", lambda probe, fd, path: probe.unlink(path), written=SIZE),
          "Deleting an open tmpfs file"),
    falls(UNLINK, between("after it was closed and deleted", close_and_unlink, written=SIZE), "Deleting a closed tmpfs file"),
    falls(HOLE, between("after a hole was punched over it", lambda probe, fd, path: probe.fallocate(fd, 0, SIZE, PUNCH_HOLE),
                        written=SIZE), "Punching a hole over a tmpfs file"),
    needs=Needs(memory=256 * MIB, disks=(Disk("disk", "ext4", 64 * MIB),), changes=("mount",)),
)
