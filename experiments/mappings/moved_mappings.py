"""What does mremap do with the pages: does it move them, share them, or refuse?

Memory of 2 MiB is filled and moved, duplicated (an old size of 0), or moved with its old place kept (MREMAP_DONTUNMAP). The
pagemap before and after shows which pages are in the same frame, errno what was refused. Memory that stays, is copied, or is
mapped twice shows how the answers read.
"""

import errno
from collections.abc import Callable

from experiments.sections import MAPPINGS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtMost, Case, Claim, Errno, Exactly, Known, Needs, Not, SameFrames, Small, pages, table,
)
from harness.lab import MREMAP_DONTUNMAP, MREMAP_MAYMOVE, Lab, Region

SIZE = 2 * MIB
MAN = "(man-pages 6.03)"

KEEPS = Claim(
    "mremap-moves-frames", "mremap that moves a mapping keeps the physical frames (no copy).", MAPPINGS,
    known=(Known(CONFIRMED, "mm/mremap.c, move_page_tables (v5.10 to v7.2): it moves the entries, not what they point to"),))
TWICE = Claim(
    "mremap-zero-duplicates",
    "mremap with old size 0 on a shared mapping gives a second mapping of the same pages; on a private one "
    "EINVAL.", MAPPINGS, known=(Known(CONFIRMED, f"mremap(2), DESCRIPTION and BUGS {MAN}: EINVAL since 4.14", since="4.14"),))
ANON_ONLY = Claim(
    "mremap-dontunmap-anon-only", "MREMAP_DONTUNMAP works on private anonymous mappings only.", MAPPINGS,
    known=(Known(CONFIRMED, f"mremap(2), MREMAP_DONTUNMAP {MAN}", until="5.13"),
           Known(REFUTED, "commit a4609387859f (v5.13), Extend MREMAP_DONTUNMAP to non-anonymous mappings; mremap(2) 6.03 "
                          "still says the "
                          "other", since="5.13")),
    instead="Since Linux 5.13 MREMAP_DONTUNMAP takes shared and file mappings too: what is left behind is then filled from "
            "the file "
            "again, not with zeros.")


def followed(words: str, act: Callable[[Region], int]) -> Case:
    """act: gives where the memory is afterwards."""
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(2 * SIZE).part(0, SIZE).fill()
        lab.sample(f"{at} before", pages={"memory": memory})
        lab.sample(f"{at} after", pages={"memory": memory.probe.region(act(memory), SIZE)})
    return Case(words, do)


def moved(memory: Region) -> int:
    """Lets it grow where it can't: the rest of its mapping lies behind it."""
    return memory.probe.mremap(memory.address, SIZE, 2 * SIZE, MREMAP_MAYMOVE).value


def copied(memory: Region) -> int:
    return memory.probe.map(SIZE).fill().address


def twice(words: str, second: Callable[[Region], int], *, shared: bool) -> Case:
    """Samples the pages of a filled mapping and of a second one that is read. second: gives where that is."""
    def do(lab: Lab, at: str) -> None:
        first = lab.probe(at).map(SIZE, shared=shared).fill()
        lab.sample(at, pages={"first": first, "second": first.probe.region(second(first), SIZE).read()})
    return Case(words, do)


def duplicate(memory: Region) -> int:
    return memory.probe.mremap(memory.address, 0, SIZE, MREMAP_MAYMOVE).value


def same_file(memory: Region) -> int:
    probe = memory.probe
    return probe.map(SIZE, shared=True, fd=probe.open(memory.file).value).address


def tried(words: str, *, shared: bool = False, file: bool = False, old: int = SIZE, new: int = SIZE,
          flags: int = MREMAP_MAYMOVE) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        if file:
            fd = probe.memfd("file").value
            probe.ftruncate(fd, SIZE)
            memory = probe.map(SIZE, fd=fd)
        else:
            memory = probe.map(SIZE, shared=shared)
        probe.try_as(at).mremap(memory.fill().address, old, new, flags)
    return Case(words, do)


KEPT = MREMAP_MAYMOVE | MREMAP_DONTUNMAP
ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")
INVALID, TAKEN = Exactly(errno.EINVAL, "it is refused"), Exactly(0, "it works")
EXPERIMENT = table(
    Small(KEEPS, "pages in the same frame", followed("after mremap that moves", moved),
          followed("where nothing is done", lambda memory: memory.address), followed("of a copy", copied), ALL, NOT_ALL,
          unit="pages",
          of=lambda at: SameFrames(f"{at} before", "memory", "memory", until=f"{at} after"),
          says="Of {bound} pages that mremap moved {value} kept their frame."),
    Small(TWICE, "pages that both mappings have", twice("after mremap with old size 0", duplicate, shared=True),
          twice("of one file", same_file, shared=True), twice("of two private mappings", copied, shared=False), ALL, NOT_ALL,
          of=lambda at: SameFrames(at, "first", "second"), key="shared", unit="pages",
          says="mremap with old size 0 gave a second mapping with {value} of {bound} pages of a shared one,"),
    Small(TWICE, "errno of mremap", tried("with old size 0, private", old=0), tried("with flags that don't go together",
                                                                                    flags=MREMAP_DONTUNMAP),
          tried("with old size 0, shared", shared=True, old=0), INVALID, Not(errno.EINVAL, "taken, or refused otherwise"),
          of=Errno,
          key="private", unit="errno", says="and of a private one {value:errno}."),
    *(Small(ANON_ONLY, "errno of mremap with MREMAP_DONTUNMAP", tried(f"of a {what}", shared=not file, file=file, flags=KEPT),
            tried("that is to grow too", new=2 * SIZE, flags=KEPT), tried("of a private mapping", flags=KEPT), INVALID, TAKEN,
            of=Errno, key="file" if file else "shared", unit="errno", says=f"MREMAP_DONTUNMAP of a {what} was {{value:answer}}.")
      for what, file in (("shared mapping", False), ("private file mapping", True))),
    version=2,
    needs=Needs(disks=()),
)
