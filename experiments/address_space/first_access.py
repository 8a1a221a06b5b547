"""What does the first access to private anonymous memory find there, and does it allocate a page?

A process fills 64 MiB and is killed, so that the frames which come next had content. Another one touches private
anonymous memory: one mapping is only read, of another a byte a page is written, a third is filled and a fourth left
alone. The content is looked through byte by byte, and pagemap and kpageflags tell for each page whether it is the
kernel's shared page of zeros or one of the process's own. How many of the frames had been the killed process's is
recorded too.
"""

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    Recorded, pages,
)
from harness.lab import Lab, Region, frames

SIZE = 8 * MIB

ZEROED = Claim(
    "private-anon-zeroed", "Private anonymous memory reads as zero.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, do_anonymous_page: the zero page, or a zeroed folio (v6.12); mmap(2)"),))
ALLOCATES = Claim(
    "private-anon-read-allocates", "The first access to a private anonymous page, a read too, allocates a page of "
    "zeros for the process.", ADDRESS_SPACE,
    known=(Known(REFUTED, "mm/memory.c, do_anonymous_page: a read fault maps the one zero page that all share (again "
                          "since commit a13ea5b75964)", since="2.6.32"),),
    instead="Only a write takes memory: write to each page, or map it with MAP_POPULATE, to have it for sure. What was only "
            "read is the kernel's one page of zeros, and does not count in RSS.")

WHAT = {"read": "private anonymous, only read", "written": "private anonymous, a byte a page written",
        "untouched": "private anonymous, untouched", "filled": "private anonymous, filled",
        "hole": "hole of a tmpfs file", "device": "/dev/zero, mapped privately and read"}


def non_zero(lab: Lab, region: Region, skip: int = 0) -> int:
    """How many pages have a byte that is not zero, the first `skip` bytes of a page apart."""
    content = b"".join(region.probe.peek(region.address + at, MIB).text for at in range(0, region.length, MIB))
    rest = bytes(lab.page_size - skip)
    return sum(content[at + skip:at + lab.page_size] != rest for at in range(0, len(content), lab.page_size))


def procedure(lab: Lab) -> None:
    former = lab.probe("former")
    used = frames(lab.region_pages(former.map(8 * SIZE).fill()))
    former.kill_now()
    probe = lab.probe()
    hole = probe.create_file(f"{lab.mount_tmpfs()}/file", 0)
    probe.ftruncate(hole, SIZE)
    written, read = probe.map(SIZE).write(), probe.map(SIZE).read()
    regions = {"read": read, "written": written, "untouched": probe.map(SIZE), "filled": probe.map(SIZE).fill(),
               "hole": probe.map(SIZE, shared=True, fd=hole),
               "device": probe.map(SIZE, fd=probe.open("/dev/zero").value).read()}
    lab.sample("accessed", pages=regions)
    lab.record("recycled", len(used & frames(lab.region_pages(written))))
    for name in ("read", "written", "filled", "hole"):
        lab.record(f"{name}: not zero", non_zero(lab, regions[name], skip=1 if name == "written" else 0))


def not_zero(name: str) -> Quantity:
    return Recorded(f"{name}: not zero", "pages", title=f"pages that are not zero: {WHAT[name]}")


def own(name: str) -> Quantity:
    return Pages("accessed", name, "anonymous").called(f"pages of its own: {WHAT[name]}")


def zero_page(name: str) -> Quantity:
    return Pages("accessed", name, "zero").called(f"pages that are the kernel's one page of zeros: {WHAT[name]}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    guards=(Guard(Recorded("recycled", "pages"), AtLeast(pages(SIZE) // 2),
                  "most frames must have held another process's data, or zeros prove nothing"),
            Guard(Pages("accessed", "read"), Exactly(pages(SIZE)), "every page must have been read")),
    expects=(
        *(Expect(ZEROED, not_zero(name),
                 if_true=Exactly(0, "every byte is zero"), if_false=AtLeast(1, "one page is enough"),
                 reads_true=not_zero("hole"), reads_false=not_zero("filled"),
                 says=f"{{value}} pages held another byte than zero ({WHAT[name]}).") for name in ("read", "written")),
        Expect(ALLOCATES, own("read"),
               if_true=Exactly(pages(SIZE), "every page that is accessed"),
               if_false=AtMost(pages(SIZE) - 1, "one that got no page of its own is enough"),
               reads_true=own("written"), reads_false=own("untouched"),
               says="Of {bound} pages that were only read {value} had a page of the process's own,"),
        Expect(ALLOCATES, zero_page("read"),
               if_true=Exactly(0, "none is one that all processes share"), if_false=AtLeast(1, "one is enough"),
               reads_true=zero_page("written"), reads_false=zero_page("device"),
               says="and {value} pages were the kernel's one page of zeros."),
    ),
)
