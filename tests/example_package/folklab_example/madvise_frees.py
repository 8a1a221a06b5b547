"""Does MADV_DONTNEED give pages back at once?

A probe maps three ranges of 8 MiB and writes two of them. One is given back with MADV_DONTNEED, one is kept, and one was never
touched. The page tables say which pages still have memory of their own.
"""

from harness.claims import MIB, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, pages
from harness.lab import DONTNEED, Lab

from ._ranges import taken

SIZE = 8 * MIB
CLAIM = Claim("example-dontneed-keeps", "MADV_DONTNEED is a hint: the pages stay until memory is short.", "example package")


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    ranges = {name: probe.map(SIZE) for name in ("advised", "kept", "untouched")}
    ranges["advised"].write()
    ranges["kept"].write()
    lab.sample("before")
    probe.madvise(ranges["advised"].address, SIZE, DONTNEED)
    lab.sample("after", pages=ranges)


EXPERIMENT = Experiment(
    procedure,
    guards=(
        Guard(Change("vmstat:pswpout", "before", "after"), Exactly(0), "a swapped page has no memory, though it was written"),
    ),
    expects=(
        Expect(
            CLAIM,
            taken("advised", "pages that stayed after MADV_DONTNEED"),
            if_true=Exactly(pages(SIZE), "all that were written"),
            if_false=AtMost(pages(SIZE) - 1, "one page that is gone is enough"),
            reads_true=taken("kept", "pages of a range that nobody gave back"),
            reads_false=taken("untouched", "pages of a range that nobody touched"),
            says="Of {bound} pages {value} stayed.",
        ),
    ),
)
