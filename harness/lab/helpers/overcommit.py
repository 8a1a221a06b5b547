"""The commit limit of overcommit mode 2, as the kernel names it and as far as it grants memory; address space in pieces."""

from __future__ import annotations

from harness.agent.constants import ANONYMOUS, FIXED, NORESERVE, PRIVATE
from harness.claims.claim import Claim, Exactly, Expect, Not, Outside, Within
from harness.claims.quantities import Counter, Quantity, Recorded
from harness.lab.lab import Lab
from harness.lab.probe import Probe, Region

FIRST = "at first"  # the moment whose limit is known: it gives the references


def look(lab: Lab, probe: Probe, moment: str) -> None:
    """Samples the limit as it is named, and records what is committed once a probe of root's gets no page more."""
    lab.sysctl("vm.overcommit_memory", 2)  # again: it folds the processors' parts into the sum that is compared
    lab.sample(moment)
    committed, limit = lab.counter("meminfo:Committed_AS"), lab.counter("meminfo:CommitLimit")
    lab.record(f"{moment}: granted", (committed + probe.largest_map(2 * limit)) // lab.page_size)


def share_of_ram(moment: str, ratio: int, *, but_huge: bool) -> Quantity:
    """Computes RAM × ratio % + swap; but_huge: without what is set aside for huge pages."""
    ram: Quantity = Counter("meminfo:MemTotal", moment)
    ram = ram - Counter("meminfo:Hugetlb", moment) if but_huge else ram
    return ram * ratio // 100 + Counter("meminfo:SwapTotal", moment)


EDGE = 16  # pages


# No huge page is set aside then, and overcommit_kbytes is 0.
AS_AT_FIRST = "the limit at first is known by every formula, whichever of them is asked about"


def limit_is(
    claim: Claim, what: str, value: Quantity, moment: str, at_first: Quantity, not_at_first: Quantity
) -> tuple[Expect, ...]:
    """Expects the limit as named to be `value` to the page, and as granted to a few pages. The references: the limit at
    first, which is `at_first` and not `not_at_first`."""

    def named(moment: str) -> Quantity:
        return Counter("meminfo:CommitLimit", moment)

    def granted(moment: str) -> Quantity:
        return Recorded(f"{moment}: granted", "pages")

    return (
        Expect(
            claim,
            (named(moment) - value).called(f"CommitLimit less {what}"),
            if_true=Exactly(0, "whole pages, divided as the kernel divides"),
            if_false=Not(0, "another formula"),
            reads_true=(named(FIRST) - at_first).called("at first, less RAM × 50 %"),
            reads_false=(named(FIRST) - not_at_first).called("at first, less another amount"),
            says=f"CommitLimit was {{value:±pages above|pages below|exactly}} {what}.",
            reference_why=AS_AT_FIRST,
        ),
        Expect(
            claim,
            (granted(moment) - value).called(f"what is granted less {what}"),
            if_true=Within(
                -EDGE,
                EDGE,
                "one page less, as the sum must stay below the limit (mm/util.c, "
                "__vm_enough_memory), and what processes mapped since the sum was folded "
                "(overcommit_policy_handler, sync_overcommit_as; since v5.9, commit 56f3547bfa4d)",
            ),
            if_false=Outside(-EDGE, EDGE, "another limit is in force"),
            reads_true=(granted(FIRST) - at_first).called("granted at first, less RAM × 50 %"),
            reads_false=(granted(FIRST) - not_at_first).called("granted at first, less another amount"),
            says=f"The kernel granted {{value:±pages more than|pages less than|exactly}} {what}.",
            reference_why=AS_AT_FIRST,
        ),
    )


def map_in_pieces(lab: Lab, probe: Probe, size: int, count: int, *, apart: bool) -> Region:
    """Maps `size` bytes of private memory in `count` pieces. The kernel makes one mapping of neighbours, unless
    (apart) a page between them is left out. Records the pages of the process's largest mapping."""
    piece = size // count // lab.page_size * lab.page_size
    step = piece + (lab.page_size if apart else 0)
    # A page above stays free: there lies libc's memory, and where a piece joins it 6.1 does not join the piece below.
    room = probe.map(count * step + lab.page_size, write=False, flags=NORESERVE)
    room.unmap()
    for index in range(count):
        probe.mmap(piece, address=room.address + index * step, flags=PRIVATE | ANONYMOUS | FIXED)
    lab.record(f"{probe.name}: largest mapping", max(mapping.length for mapping in lab.mappings(probe)) // lab.page_size)
    return room
