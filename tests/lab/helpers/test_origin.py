"""Where a block came from, by calls made by hand."""

from __future__ import annotations

import pytest

from harness.evidence.recording import Recording
from harness.lab.helpers.origin import BRK, MMAP, growths, in_heap, own_mappings

PAGE = 4096
GROWN = [[BRK, 0, 0x1000], [BRK, 0, 0x1000], [BRK, 0, 0x9000]]


def recording(block: int, size: int, calls: list[list[int]]) -> Recording:
    return Recording(
        [
            {"event": "start", "machine": {"page_size": PAGE}},
            {"event": "record", "name": "one", "value": {"block": block, "size": size, "calls": calls}},
        ]
    )


@pytest.mark.parametrize(("block", "found"), [(0x1000, 1), (0x8FFF, 1), (0x9000, 0), (0xFFF, 0)])
def test_in_heap(block: int, found: int) -> None:
    assert in_heap("one", "").of(recording(block, 16, GROWN)) == found


def test_growths() -> None:
    assert growths("one", "").of(recording(0x1000, 16, GROWN)) == 1
    assert growths("one", "").of(recording(0x1000, 16, [*GROWN, [BRK, 0, -12]])) == 1


@pytest.mark.parametrize(("length", "found"), [(PAGE, 1), (2 * PAGE, 1), (3 * PAGE, 0)])
def test_own_mappings(length: int, found: int) -> None:
    """A page for a block of a page, one more for a header; what is larger was not made for it alone."""
    assert own_mappings("one", "").of(recording(0x10010, PAGE, [[MMAP, length, 0x10000]])) == found


def test_a_refused_mapping_holds_nothing() -> None:
    assert own_mappings("one", "").of(recording(0x10010, PAGE, [[MMAP, PAGE, -12]])) == 0


def test_no_record() -> None:
    assert in_heap("another", "").of(recording(0x1000, 16, GROWN)) is None
