"""What do parent and child share after fork, and what does a write change?

A process makes four mappings of 8 MiB, private and shared, anonymous and of a file, fills them and forks. The pagemap
of parent and child shows page by page whether both have the same frame. Then the child writes one quarter of each
mapping and the parent another; each looks for what the other wrote, and the frames of the written and of the
unwritten half are compared again. Memory that each maps for itself is what shares no frame.
"""

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    Range, Recorded, SameFrames, pages,
)
from harness.lab import Lab, Region

SIZE = 8 * MIB
HALF, QUARTER = SIZE // 2, SIZE // 4
OLD, CHILD, PARENT = 1, 2, 3        # seeds of the content: before fork, of the child's and of the parent's writes

COMMON = Claim(
    "shared-anon-common", "Parent and child see each other's writes in a shared anonymous mapping, and not in a "
    "private one.", ADDRESS_SPACE, known=(Known(CONFIRMED, "mmap(2), MAP_SHARED and MAP_PRIVATE; fork(2)"),))
UNTIL_WRITE = Claim(
    "fork-shares-until-write", "After fork, parent and child have the same physical pages, though each has the "
    "virtual size of its own; a write copies just the written pages.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, copy_present_ptes: both get it, write-protected; wp_page_copy (v6.12)"),))

WHAT = {"private": "private anonymous mapping", "shared": "shared anonymous mapping", "own": "mapping of its own",
        "private file": "private mapping of a file", "shared file": "shared mapping of a file"}


def procedure(lab: Lab) -> None:
    parent, _ = lab.probe("parent"), lab.probe("stranger")
    fd = parent.create_file(f"{lab.mount_disk()}/file", 2 * SIZE, OLD)
    file = parent.map(2 * SIZE, shared=True, fd=fd)
    made = {"private": parent.map(SIZE), "shared": parent.map(SIZE, shared=True),
            "private file": parent.map(SIZE, fd=fd), "shared file": file.part(SIZE, SIZE)}
    for region in made.values():
        region.fill(OLD)
    child = lab.fork(parent)
    regions: dict[str, Region] = {}
    for probe in (parent, child):
        regions |= {f"{kind} of {probe.name}": region.of(probe) for kind, region in made.items()}
        regions[f"own of {probe.name}"] = probe.map(SIZE).fill(OLD)
    regions["shared of child"].read()       # of a shared mapping fork copies no page tables: the child must look first
    lab.sample("forked", pages=regions)
    for kind, region in made.items():
        first, second = region.part(0, QUARTER), region.part(QUARTER, QUARTER)
        first.of(child).fill(CHILD)
        second.fill(PARENT)
        lab.record(f"{kind}: seen", first.check(CHILD) + second.of(child).check(PARENT))
    lab.sample("written", pages={f"{half} {label}": region.part(at, HALF) for label, region in regions.items()
                                 for half, at in (("written", 0), ("unwritten", HALF))})


def together(kind: str, half: str = "") -> Quantity:
    moment, label = ("written", f"{half} {kind}") if half else ("forked", kind)
    return SameFrames(moment, f"{label} of parent", f"{label} of child").called(
        f"{half + ' ' if half else ''}pages that both have: {WHAT[kind]}")


def seen(kind: str) -> Quantity:
    return Recorded(f"{kind}: seen", "pages", title=f"written pages that the other sees: {WHAT[kind]}")


def size(name: str) -> Quantity:
    return Counter(f"{name}/statm:size", "forked").called(f"virtual size of the {name}")


def every(length: int) -> tuple[Range, Range]:
    return (Exactly(pages(length), "every page"), AtMost(pages(length) - 1, "one page that is otherwise is enough"))


NONE = (Exactly(0, "no page"), AtLeast(1, "one page is enough"))

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    version=2,
    guards=tuple(Guard(Pages("forked", f"private of {name}"), Exactly(pages(SIZE)), "every page must be there")
                 for name in ("parent", "child")),
    expects=(
        Expect(COMMON, seen("shared"), *every(HALF),
               reads_true=seen("shared file"), reads_false=seen("private file"),
               says="Of {bound} pages written to a shared mapping the other process saw {value} pages,"),
        Expect(COMMON, seen("private"), *NONE,
               reads_true=seen("private file"), reads_false=seen("shared file"),
               says="of as many written to a private one {value:some|none}."),
        Expect(UNTIL_WRITE, together("private"), *every(SIZE),
               reads_true=together("shared"), reads_false=together("own"),
               says="After fork {value} of {bound} pages were in the same frame for both."),
        Expect(UNTIL_WRITE, size("child"),
               if_true=AtLeast(pages(SIZE), "the mapping counts in full"),
               if_false=AtMost(pages(SIZE) - 1, "the mapping does not count in full"),
               reads_true=size("parent"), reads_false=size("stranger"),
               says="The child's virtual size was {value} pages."),
        Expect(UNTIL_WRITE, together("private", "written"), *NONE,
               reads_true=together("own", "written"), reads_false=together("shared", "written"),
               says="Of the written pages {value:some|none} stayed common,"),
        Expect(UNTIL_WRITE, together("private", "unwritten"), *every(HALF),
               reads_true=together("shared", "unwritten"), reads_false=together("own", "unwritten"),
               says="and {value} of {bound} unwritten ones."),
    ),
)
