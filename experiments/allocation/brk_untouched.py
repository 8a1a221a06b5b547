"""Is memory that brk gives a process there before it is touched?

A fresh process moves the end of its heap by 32 MiB with brk and touches nothing. The page table is read before and
after the memory is filled, page by page. An untouched mapping beside it shows how absent pages read, and one that is
populated by mmap how resident ones do.
"""

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Pages, pages,
)
from harness.lab import POPULATE, Lab

SIZE = 32 * MIB

LAZY = Claim(
    "brk-lazy", "Memory gained by brk is virtual too until it is touched.", ALLOCATION,
    known=(Known(CONFIRMED, "mm/mmap.c, brk: an anonymous mapping grows by do_brk_flags (v5.10 to v6.12; mm/vma.c, "
                            "do_brk_flags, v7.2), populated only under VM_LOCKED; brk(2)"),))


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    lab.sample("before")
    end = probe.sbrk(SIZE).value
    lab.require(end % lab.page_size == 0, "the heap of a fresh process begins at a page (arch_randomize_brk)")
    lab.sample("grown", pages={"brk": probe.region(end, SIZE)})
    regions = {"brk": probe.region(end, SIZE), "mapping": probe.map(SIZE), "left alone": probe.map(SIZE),
               "populated": probe.map(SIZE, flags=POPULATE)}
    lab.sample("gained", pages=regions)
    for name in ("brk", "mapping"):
        regions[name].fill()
    lab.sample("touched", pages=regions)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    guards=(Guard(Change("probe/statm:size", "before", "grown"), Exactly(pages(SIZE)),
                  "brk must have given that much address space, or there is nothing to look at"),),
    expects=(
        Expect(LAZY, Pages("gained", "brk").called("resident pages of memory from brk, untouched"),
               if_true=Exactly(0, "virtual: not a page of it"), if_false=AtLeast(1, "one page there is one too many"),
               reads_true=Pages("gained", "mapping").called("the same of a private mapping, untouched"),
               reads_false=Pages("gained", "populated").called("the same of one with MAP_POPULATE"),
               says="Of 32 MiB that brk gave, {value} pages were resident before the first touch."),
        Expect(LAZY, Pages("touched", "brk", "anonymous").called("anonymous pages of memory from brk, touched"),
               if_true=Exactly(pages(SIZE), "“until it is touched”: then every page"),
               if_false=AtMost(pages(SIZE) - 1, "a touched page that is not there"),
               reads_true=Pages("touched", "mapping", "anonymous").called("the same of a private mapping, touched"),
               reads_false=Pages("touched", "left alone", "anonymous").called("the same of one left alone"),
               says="Once touched, {value} pages were."),
    ),
)
