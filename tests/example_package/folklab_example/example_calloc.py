"""Does calloc touch what it hands out?

A probe callocs 8 MiB, maps as much and writes it, and maps as much again and leaves it alone. The page tables say which pages
have memory of their own.
"""

from harness.claims import MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, pages
from harness.lab import Lab

from ._ranges import taken

SIZE = 8 * MIB
CLAIM = Claim("example-calloc-touches", "calloc writes zeros to every page that it hands out.", "example package")


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    block = probe.calloc(1, SIZE).value
    inside = -(-block // lab.page_size) * lab.page_size  # the block begins behind its header
    written, untouched = probe.map(SIZE).write(), probe.map(SIZE)
    lab.sample("before")
    lab.sample(
        "after",
        pages={
            "calloc": probe.region(inside, SIZE - lab.page_size),
            "written": written.part(0, SIZE - lab.page_size),
            "untouched": untouched.part(0, SIZE - lab.page_size),
        },
    )


EXPERIMENT = Experiment(
    procedure,
    guards=(
        Guard(Change("vmstat:pswpout", "before", "after"), Exactly(0), "a swapped page has no memory, though it was written"),
    ),
    expects=(
        Expect(
            CLAIM,
            taken("calloc", "pages of the block that have memory"),
            if_true=AtLeast(pages(SIZE) - 1, "every whole page of it"),
            if_false=AtMost(pages(SIZE) - 2, "a page that was not touched is enough"),
            reads_true=taken("written", "pages of a range that was written"),
            reads_false=taken("untouched", "pages of a range that nobody touched"),
            says="Of the block's pages {value} had memory.",
        ),
    ),
)
