"""What does memory hold after a piece of advice: what was written, zeros, what the file has, or nothing at all?

Each case maps 2 MiB, writes to it, gives the advice, and looks at the content page by page: what it was filled with, or zeros.
Where the advice is about children, the process forks and the child looks. Memory that was never written, was written and left
alone, or was mapped anew shows how the answers read.
"""

import os
import signal
import sys

from experiments.sections import MAPPINGS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Claim, Disk, Exactly, Known, Needs, Not, Small, pages, table,
)
from harness.lab import COLD, DONTFORK, DONTNEED, NORMAL, WIPEONFORK, Lab, Region
from harness.lab.helpers.reclaim import swap_out

SIZE = 2 * MIB
WRITTEN, OF_FILE = 1, 2             # seeds of the content
MADVISE = "(man-pages 6.03)"

ZEROS = Claim(
    "madv-dontneed-anon-zero", "After MADV_DONTNEED private anonymous memory reads as zeros.", MAPPINGS,
    known=(Known(CONFIRMED, f"madvise(2), MADV_DONTNEED {MADVISE}: zero-fill-on-demand pages for anonymous private mappings"),))
SHARED_LOST = Claim(
    "madv-dontneed-shared-lost", "MADV_DONTNEED of a shared anonymous mapping loses its content.", MAPPINGS,
    known=(Known(REFUTED, f"madvise(2), MADV_DONTNEED {MADVISE}: repopulated from the up-to-date contents of the underlying "
                          "mapped file, which a shared anonymous mapping has in shmem"),),
    instead="Use MADV_REMOVE to drop the content of shared memory, for all who map it: MADV_DONTNEED only takes the pages out of "
            "the caller's page tables.")
FILE_AGAIN = Claim(
    "madv-dontneed-private-file", "MADV_DONTNEED of a private file mapping throws away the process's changes and shows the file "
    "again.", MAPPINGS,
    known=(Known(CONFIRMED, f"madvise(2), MADV_DONTNEED {MADVISE}: repopulated from the underlying mapped file"),))
HINT = Claim(
    "madv-dontneed-is-hint", "MADV_DONTNEED is only a hint: content of private anonymous memory may stay.", MAPPINGS,
    known=(Known(REFUTED, "mm/madvise.c, madvise_dontneed_single_vma: zap_page_range (v5.10); mm/madvise.c, "
                          "madvise_dontneed_single_vma: zap_page_range_single (v6.1, v6.12), zap_vma_range_batched (v7.2), "
                          "always, before it returns"),),
    instead="Take MADV_DONTNEED on Linux as an order: private anonymous memory is zeros when it returns. A hint is "
            "posix_madvise(POSIX_MADV_DONTNEED), which does nothing in glibc, or MADV_FREE and MADV_COLD.")
NO_MAPPING = Claim(
    "madv-dontfork-segv", "A child has no mapping where its parent set MADV_DONTFORK.", MAPPINGS,
    known=(Known(CONFIRMED, f"madvise(2), MADV_DONTFORK {MADVISE}"),))
WIPED = Claim(
    "madv-wipeonfork-zero", "A child sees zeros where its parent set MADV_WIPEONFORK; the parent's data stays.", MAPPINGS,
    known=(Known(CONFIRMED, f"madvise(2), MADV_WIPEONFORK {MADVISE}"),))


def written(lab: Lab, at: str, *, shared: bool = False) -> Region:
    return lab.probe(at).map(SIZE, shared=shared).fill(WRITTEN)


def zeros(advice: int, words: str) -> Case:
    def do(lab: Lab, at: str) -> None:
        lab.record(at, written(lab, at).advise(advice).zeros())
    return Case(words, do)


def untouched(lab: Lab, at: str) -> None:
    lab.record(at, lab.probe(at).map(SIZE).zeros())


def lost(advice: int, words: str, *, shared: bool) -> Case:
    def do(lab: Lab, at: str) -> None:
        lab.record(at, SIZE // lab.page_size - written(lab, at, shared=shared).advise(advice).check(WRITTEN))
    return Case(words, do)


def of_file(advice: int | None, words: str) -> Case:
    """advice: None for a mapping that nobody has written to."""
    def do(lab: Lab, at: str) -> None:
        probe, path = lab.probe(at), f"{lab.mount_disk()}/file"
        probe.close(probe.create_file(path, SIZE, OF_FILE))
        memory = probe.map(SIZE, fd=probe.open(path, os.O_RDONLY).value)
        if advice is not None:
            memory.fill(WRITTEN).advise(advice)
        lab.record(at, memory.check(OF_FILE))
    return Case(words, do)


def advised_as(advice: int, lab: Lab, at: str) -> None:
    """Records how many pages hold what they held, of memory that is advised in several ways: as a whole, every other stretch of
    32 pages, what a child shares, and what lies in swap."""
    def advise(memory: Region, step: int) -> int:
        for offset in range(0, memory.length, step):
            memory.part(offset, min(step, memory.length) // (1 if step == SIZE else 2)).advise(advice)
        return memory.check(WRITTEN)

    whole, pieces, forked = (lab.probe(f"{at} {name}") for name in ("whole", "pieces", "forked"))
    kept = advise(whole.map(SIZE).fill(WRITTEN), SIZE)
    # What is not advised is to hold what it held: it is taken off.
    kept += advise(pieces.map(SIZE).fill(WRITTEN), 64 * lab.page_size) - SIZE // lab.page_size // 2
    memory = forked.map(SIZE).fill(WRITTEN)
    lab.fork(forked, f"{at} child")
    kept += advise(memory, SIZE)
    box = lab.sandbox(f"{at} box")
    swapped = lab.probe(f"{at} swapped", box).map(SIZE).fill(WRITTEN)
    lab.swapon()
    swap_out(lab, box)
    lab.require(lab.counter("meminfo:SwapTotal") - lab.counter("meminfo:SwapFree") > SIZE // 2, "memory is in swap")
    kept += advise(swapped, SIZE)
    lab.record(at, kept)


def stayed(advice: int, words: str) -> Case:
    return Case(words, lambda lab, at: advised_as(advice, lab, at))


def mapped_anew(lab: Lab, at: str) -> None:
    memory = written(lab, at)
    memory.unmap()
    lab.record(at, memory.probe.map(SIZE).check(WRITTEN))


def in_child(words: str, advice: int = NORMAL, *, unmapped: bool = False) -> Case:
    """Records the signal that ends a child in a touch of what its parent has advised; unmapped: which the child unmaps
    first."""
    def do(lab: Lab, at: str) -> None:
        memory = written(lab, at).advise(advice)
        child = lab.fork(memory.probe, f"{at}, child")
        if unmapped:
            memory.of(child).unmap()
        alive = child.attempt.touch(memory.address, memory.length, stride=lab.page_size).ended is None
        # Only its parent is told what ended it.
        status = 0 if alive else int.from_bytes(memory.probe.wait(child.pid).text, sys.byteorder)
        lab.record(at, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
    return Case(words, do)


def wiped(advice: int, words: str, *, child: bool, empty: bool = False) -> Case:
    """Records the zeros that a child sees, or the pages of the parent that hold what it wrote."""
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(SIZE) if empty else written(lab, at)
        memory.advise(advice)
        other = memory.of(lab.fork(memory.probe, f"{at}, child"))
        lab.record(at, other.zeros() if child else memory.check(WRITTEN))
    return Case(words, do)


ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")

EXPERIMENT = table(
    Small(ZEROS, "pages that read as zeros", zeros(DONTNEED, "after MADV_DONTNEED"),
          Case("that were never written", untouched), zeros(NORMAL, "after MADV_NORMAL"), ALL, NOT_ALL,
          "Of {bound} pages of private anonymous memory {value} read as zeros.", unit="pages"),
    Small(SHARED_LOST, "pages whose content is lost", lost(DONTNEED, "after MADV_DONTNEED, shared", shared=True),
          lost(DONTNEED, "after MADV_DONTNEED, private", shared=False), lost(NORMAL, "after MADV_NORMAL, shared", shared=True),
          ALL, NOT_ALL, "Of {bound} pages of a shared mapping {value} had lost what was written.", unit="pages"),
    Small(FILE_AGAIN, "pages that show the file", of_file(DONTNEED, "after a write and MADV_DONTNEED"),
          of_file(None, "without a write"), of_file(NORMAL, "after a write and MADV_NORMAL"),
          ALL, NOT_ALL, "Of {bound} changed pages of a private file mapping {value} showed the file again.", unit="pages"),
    Small(HINT, "pages that hold what was written", stayed(DONTNEED, "after MADV_DONTNEED in several ways"),
          stayed(COLD, "after MADV_COLD in several ways"), Case("after munmap and mmap", mapped_anew), unit="pages",
          if_true=AtLeast(1, "one page that stays is enough"), if_false=Exactly(0, "none stayed in any of the ways"),
          says="After MADV_DONTNEED of whole mappings, parts, pages shared with a child and swapped pages {value} pages held "
               "what "
               "was written."),
    Small(NO_MAPPING, "signal that ends the child in a touch", in_child("after MADV_DONTFORK", DONTFORK),
          in_child("after munmap by the child", unmapped=True), in_child("after MADV_NORMAL"), unit="signal",
          if_true=Exactly(signal.SIGSEGV, "nothing is mapped there"), if_false=Not(signal.SIGSEGV, "something is"),
          says="A child's touch ended with {value}."),
    Small(WIPED, "pages that read as zeros in the child", wiped(WIPEONFORK, "after MADV_WIPEONFORK", child=True),
          wiped(NORMAL, "of memory that was never written", child=True, empty=True),
          wiped(NORMAL, "after MADV_NORMAL", child=True),
          ALL, NOT_ALL, "The child saw zeros in {value} of {bound} pages,", unit="pages", key="child"),
    Small(WIPED, "pages that hold the parent's data", wiped(WIPEONFORK, "after MADV_WIPEONFORK", child=False),
          wiped(NORMAL, "after MADV_NORMAL", child=False),
          wiped(NORMAL, "of memory that was never written", child=False, empty=True),
          ALL, NOT_ALL, "the parent its data in {value}.", unit="pages", key="parent"),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB), Disk("swap", "swap", 64 * MIB)), changes=("mount", "swap")),
)
