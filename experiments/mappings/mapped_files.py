"""What does a mapping of a file show, past the file's end, after it was truncated, and after others wrote to it?

Files on an ext4 disk are mapped, private or shared. Pages behind the end are touched, bytes behind the end are written, the
file is cut under a mapping, or written anew by write(). The signal of the touch, or the content page by page, tells. The same
file within its end, cut to nothing, or mapped the other way shows how the answers read.
"""

import errno
import signal

from experiments.sections import MAPPINGS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtMost, Case, Claim, Disk, Errno, Exactly, Known, Needs, Not, Signal, Small, pages, table,
)
from harness.lab import Lab, Probe, Region

SIZE, TAIL = 2 * MIB, bytes(range(1, 65))
OLD, NEW, CHANGED = 1, 2, 3         # seeds: the file's content, what write() makes of it, what the process writes
MAN = "(man-pages 6.03)"

BEYOND = Claim(
    "mmap-beyond-eof-sigbus",
    "A touch of a whole page past the end of a mapped file raises SIGBUS, in the last partial page it does "
    "not.", MAPPINGS, known=(Known(CONFIRMED, f"mmap(2), ERRORS, SIGBUS {MAN}; mm/filemap.c, filemap_fault (v5.10 to v7.2)"),))
TAIL_KEPT = Claim(
    "mmap-tail-write-kept", "What is written through a mapping past the file's end, in its last page, reaches the file.",
    MAPPINGS,
    known=(Known(REFUTED, f"mmap(2), DESCRIPTION {MAN}: modifications to that region are not written out to the file"),),
    instead="Lengthen the file with ftruncate() before writing past its end through a mapping: the rest of the last page takes "
            "writes and loses them when it is written out, and until then a file that is lengthened may show them.")
SURVIVES = Claim(
    "mmap-truncate-private-survives", "A page of a private mapping that was changed survives truncation of the file.", MAPPINGS,
    known=(Known(REFUTED, "mm/truncate.c, truncate_pagecache: unmap_mapping_range takes private copies too (v5.10 to v7.2)"),),
    instead="Copy what must outlive a file's truncation into anonymous memory: a cut takes pages of private mappings behind "
            "the new "
            "end too, changed ones as well, and a touch raises SIGBUS.")
LATER = Claim(
    "mmap-private-sees-later-writes", "A private file mapping goes on showing changes of the file in pages not yet written.",
    MAPPINGS,
    known=(Known(CONFIRMED,
                 f"mmap(2), MAP_PRIVATE {MAN}: unspecified; mm/memory.c, do_read_fault maps the page cache's own page (v5.10 "
                            "to v7.2)"),))
SNAPSHOT = Claim(
    "mmap-private-snapshot", "A private file mapping is a snapshot of the file at the time of mmap.", MAPPINGS,
    known=(Known(REFUTED, "mm/memory.c, do_read_fault maps the page cache's own page, which write() changes (v5.10 to v7.2)"),),
    instead="Replace files by writing a new one and renaming it over the old: a private mapping shows later writes in every page "
            "that the process has not written itself.")
HOLE = Claim(
    "munmap-hole-error", "munmap of a range with nothing mapped is an error.", MAPPINGS,
    known=(Known(REFUTED,
                 f"munmap(2), DESCRIPTION {MAN}: it is not an error if the indicated range does not contain any mapped pages"),),
    instead="Don't take munmap() returning 0 as proof that something was mapped: an empty range is no error.")


def opened(lab: Lab, probe: Probe, size: int) -> int:
    """Makes a file of `size` bytes, and opens it."""
    fd = probe.create_file(f"{lab.mount_disk()}/file", -(-size // lab.page_size) * lab.page_size, OLD)
    probe.ftruncate(fd, size)
    return fd


def touched(words: str, where: float, *, cut: bool = False) -> Case:
    """Touches a byte so many pages into a mapping of three pages of a file of one and a half; cut: of a file that is cut to
    nothing."""
    def do(lab: Lab, at: str) -> None:
        probe, page = lab.probe(at), lab.page_size
        fd = opened(lab, probe, page + page // 2)
        memory = probe.map(3 * page, shared=True, fd=fd)
        if cut:
            probe.ftruncate(fd, 0)
        probe.try_as(at).touch(memory.address + int(where * page), 1, write=True)
    return Case(words, do)


def written(words: str, offset: int, *, shared: bool) -> Case:
    """Records how many bytes of what is written through a mapping of a file of half a page the file has, once it is on the disk
    and the file has been lengthened to the page."""
    def do(lab: Lab, at: str) -> None:
        probe, page = lab.probe(at), lab.page_size
        fd = opened(lab, probe, page // 2)
        memory = probe.map(page, shared=shared, fd=fd)
        probe.poke(memory.address + page // 2 + offset, TAIL)
        probe.msync(memory.address, page)
        memory.unmap()
        lab.sync()
        lab.drop_caches(1)
        probe.ftruncate(fd, page)
        found = probe.slurp("/mnt/disk/file", offset=page // 2 + offset).text
        lab.record(at, sum(one == other for one, other in zip(found, TAIL, strict=False)))
    return Case(words, do)


def truncated(words: str, *, changed: bool, to: int) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        fd = opened(lab, probe, SIZE)
        memory = probe.map(SIZE, fd=fd).read()
        if changed:
            memory.fill(CHANGED)
        probe.ftruncate(fd, to)
        memory.try_as(at).read()
    return Case(words, do)


def shown(words: str, look: int, *, shared: bool = False, copied: int | None = None) -> Case:
    """Records how many pages of a mapping hold the content of seed `look` after the file was written anew; copied: the content
    that the process itself has written to them before."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        fd = opened(lab, probe, SIZE)
        memory = probe.map(SIZE, shared=shared, fd=fd).read()
        if copied is not None:
            memory.fill(copied)
        probe.write(fd, SIZE, seed=NEW)
        lab.record(at, memory.check(look))
    return Case(words, do)


def unmapped(words: str, *, mapped: bool, offset: int = 0) -> Case:
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(SIZE)
        if not mapped:
            memory.unmap()
        Region(memory.probe, memory.address + offset, SIZE).try_as(at).unmap()
    return Case(words, do)


WITHIN, CUT = touched("within the file", 0.5), touched("in a file that was cut to nothing", 0.5, cut=True)
ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")
EXPERIMENT = table(
    Small(BEYOND, "signal of a touch", touched("of a whole page past the end", 2), CUT, WITHIN, of=Signal, unit="signal",
          key="whole page",
          if_true=Exactly(signal.SIGBUS, "the claim's signal"), if_false=Not(signal.SIGBUS, "another, or none"),
          says="A touch of a whole page past the end ended with {value},"),
    Small(BEYOND, "signal of a touch", touched("past the end in the last page", 1.75), WITHIN, CUT, of=Signal, unit="signal",
          key="last page", if_true=Exactly(0, "it raises none"), if_false=Not(0, "it raises one"),
          says="one in the last partial page with {value}."),
    Small(TAIL_KEPT, "bytes that are in the file", written("written past its end", 64, shared=True),
          written("written within it", -64, shared=True), written("written within it, private", -64, shared=False), unit="bytes",
          if_true=Exactly(len(TAIL), "all of them"), if_false=AtMost(len(TAIL) - 1, "a byte is lost"),
          says=f"Of {len(TAIL)} bytes written past the end, {{value}} were in the file."),
    Small(SURVIVES, "signal of a touch", truncated("of changed pages after the file was cut to nothing", changed=True, to=0),
          truncated("of changed pages of a file that was not cut", changed=True, to=SIZE),
          truncated("of unchanged pages after the file was cut to nothing", changed=False, to=0), of=Signal, unit="signal",
          if_true=Exactly(0, "it is still there"), if_false=Not(0, "it is not"),
          says="After the file was cut to nothing, a touch of changed pages ended with {value}."),
    Small(LATER, "pages that show what was written later", shown("of a private mapping", NEW),
          shown("of a shared mapping", NEW, shared=True),
          shown("of a private mapping that was written to", NEW, copied=CHANGED), ALL, NOT_ALL, unit="pages",
          says="Of {bound} pages of a private mapping {value} showed what was written to the file later."),
    Small(SNAPSHOT, "pages that show the file as it was", shown("of a private mapping", OLD),
          shown("of a private mapping that was written to, with the same", OLD, copied=OLD),
          shown("of a shared mapping", OLD, shared=True), ALL, NOT_ALL, unit="pages",
          says="After a write to the file {value} of {bound} pages of a private mapping showed it as it was at mmap."),
    Small(HOLE, "errno of munmap", unmapped("of a range where nothing is mapped", mapped=False),
          unmapped("of an address that is none of a page", mapped=True, offset=1), unmapped("of a mapping", mapped=True),
          of=Errno,
          unit="errno", if_true=Exactly(errno.EINVAL, "the error of munmap"), if_false=Exactly(0, "none"),
          says="munmap where nothing is mapped gave {value:errno}."),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), changes=("mount", "drop_caches")),
)
