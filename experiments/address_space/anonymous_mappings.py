"""Do anonymous mappings, private and shared, take their memory from the page cache?

A process fills 32 MiB four times: of a private anonymous mapping, of a shared one, of its heap, and of a mapped tmpfs
file. After each, the growth of Cached, Shmem and AnonPages is read, and kpageflags tell for every page whether it is
anonymous or in the page cache. The tmpfs file shows how page cache reads, the heap how memory outside of it does.
"""

import os

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    pages,
)
from harness.lab import Lab

SIZE = 32 * MIB

NOT_CACHED = Claim(
    "private-anon-not-cached", "A private anonymous mapping uses no page cache.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, do_anonymous_page: a page of its own, of no file (v6.12)"),))
IN_CACHE = Claim(
    "shared-anon-in-cache", "A shared anonymous mapping takes its memory from the page cache (Cached and Shmem grow, "
    "AnonPages does not).", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_zero_setup: it maps an unlinked file on the kernel's tmpfs (v6.12)"),))

WHAT = {"private": "private anonymous mapping", "shared": "shared anonymous mapping", "heap": "heap",
        "tmpfs": "mapped tmpfs file"}
BEFORE = {"private": "warm", "shared": "private", "heap": "shared", "tmpfs": "file made"}    # moment → the one before


def procedure(lab: Lab) -> None:
    tmpfs = lab.mount_tmpfs()
    probe = lab.probe()
    probe.map(1 * MIB).fill().unmap()       # what a first fill touches of the program itself is there from now on
    lab.sample("warm")
    lab.sample("private", pages={"memory": probe.map(SIZE).fill()})
    lab.sample("shared", pages={"memory": probe.map(SIZE, shared=True).fill()})
    lab.sample("heap", pages={"memory": probe.region(probe.sbrk(SIZE).value, SIZE).fill()})
    file = probe.open(f"{tmpfs}/file", os.O_RDWR | os.O_CREAT).value
    probe.ftruncate(file, SIZE)
    lab.sample("file made")
    lab.sample("tmpfs", pages={"memory": probe.map(SIZE, shared=True, fd=file).fill()})


def cached(moment: str) -> Quantity:
    """Page cache is the pages of files: shmem, which is swap-backed, and the others, which are not."""
    return (Pages(moment, "memory", "shmem") + Pages(moment, "memory", "file")).called(
        f"pages of the {WHAT[moment]} in the page cache")


def growth(counter: str, moment: str) -> Quantity:
    return Change(f"meminfo:{counter}", BEFORE[moment], moment).called(f"growth of {counter} by the {WHAT[moment]}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    guards=(Guard(Pages("private", "memory"), Exactly(pages(SIZE)), "every page must be there to be looked at"),
            Guard(Pages("shared", "memory"), Exactly(pages(SIZE)), "every page must be there to be looked at")),
    expects=(
        Expect(NOT_CACHED, cached("private"),
               if_true=Exactly(0, "“no page cache” means no page"), if_false=AtLeast(1, "one page is enough"),
               reads_true=cached("heap"), reads_false=cached("tmpfs"),
               says=f"Of the {SIZE // MIB} MiB of a private anonymous mapping {{value}} pages were page cache."),
        Expect(NOT_CACHED, growth("Cached", "private"),
               if_true=Exactly(0, "“no page cache” means no page"), if_false=AtLeast(1, "one page is enough"),
               reads_true=growth("Cached", "heap"), reads_false=growth("Cached", "tmpfs"),
               says="Cached grew by {value} pages."),
        Expect(IN_CACHE, cached("shared"),
               if_true=Exactly(pages(SIZE), "every page of it"), if_false=AtMost(pages(SIZE) - 1, "one page less"),
               reads_true=cached("tmpfs"), reads_false=cached("private"),
               says="Of {bound} pages of a shared anonymous mapping {value} were page cache."),
        *(Expect(IN_CACHE, growth(counter, "shared"),
                 if_true=Exactly(pages(SIZE), "every page is counted there"),
                 if_false=AtMost(pages(SIZE) - 1, "not every page is counted there"),
                 reads_true=growth(counter, "tmpfs"), reads_false=growth(counter, "private"),
                 says=f"{counter} grew by {{value}} pages.") for counter in ("Cached", "Shmem")),
        Expect(IN_CACHE, growth("AnonPages", "shared"),
               if_true=Exactly(0, "“does not” means by no page"), if_false=AtLeast(1, "one page is enough"),
               reads_true=growth("AnonPages", "tmpfs"), reads_false=growth("AnonPages", "private"),
               says="AnonPages grew by {value} pages."),
    ),
)
