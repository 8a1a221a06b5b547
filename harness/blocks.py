"""Blocks that an allocator handed out, and the pages below them. Pure.

A procedure records the blocks (`record_blocks`) and samples the pages of their span under the same label; a
quantity counts, among the pages that the blocks take up, those in a state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness import pages
from harness.quantities import FromArm, Number

if TYPE_CHECKING:
    from harness.evidence import Recording
    from harness.lab import Lab
    from harness.probe import Probe, Region


def page_numbers(blocks: Sequence[int], size: int, page_size: int, whole: bool) -> set[int]:
    """The pages that blocks of `size` bytes take up: with any byte, or (`whole`) those that lie inside of one."""
    found: set[int] = set()
    for block in blocks:
        if whole:
            found.update(range(-(-block // page_size), (block + size) // page_size))
        else:
            found.update(range(block // page_size, (block + size - 1) // page_size + 1))
    return found


def record_blocks(lab: Lab, label: str, probe: Probe, blocks: Sequence[int], size: int) -> Region:
    """Records blocks of `size` bytes under a label: the region of whole pages from the lowest to the highest."""
    start = min(blocks) // lab.page_size * lab.page_size
    end = -(-(max(blocks) + size) // lab.page_size) * lab.page_size
    lab.record(label, {"size": size, "start": start, "blocks": list(blocks)})
    return probe.region(start, end - start)


@dataclass(frozen=True)
class BlockPages(FromArm):
    """How many of the pages that the blocks of a label take up are in a state, at a named moment."""

    sample: str
    label: str
    state: str = "resident"
    whole: bool = False
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        made, found = recording.records.get(self.label), recording.page_data(self.sample, self.label)
        if made is None or found is None:
            return None
        size, first = recording.page_size, made["start"] // recording.page_size
        wanted = sorted(page_numbers(made["blocks"], made["size"], size, self.whole))
        entry, data = pages.PAGE_SIZE, found[1]
        if (wanted[-1] - first + 1) * entry > len(data):
            return None
        return pages.count(b"".join(data[(page - first) * entry:][:entry] for page in wanted), self.state)

    @property
    def name(self) -> str:
        return f"{self.state} pages of the blocks of {self.label} at “{self.sample}”"
