"""The pages that blocks take up, and the calls that they came from."""

from __future__ import annotations

import pytest

from harness.evidence.recording import Recording
from harness.lab.helpers.heap import granted_in_heap, growths, own_mappings, page_runs
from harness.linux.architecture import AMD64

PAGE = 4096
BRK, MMAP = AMD64.calls.brk, AMD64.calls.mmap


def test_a_page_with_any_byte_of_a_block() -> None:
    assert page_runs([PAGE - 1], 2, PAGE, whole=False) == [range(2)]
    assert page_runs([PAGE], PAGE, PAGE, whole=False) == [range(1, 2)]


def test_a_page_inside_of_a_block() -> None:
    assert page_runs([PAGE], PAGE, PAGE, whole=True) == [range(1, 2)]
    assert page_runs([PAGE + 16], 2 * PAGE, PAGE, whole=True) == [range(2, 3)]
    assert page_runs([16], 88, PAGE, whole=True) == []
    assert page_runs([0, 2 * PAGE], PAGE, PAGE, whole=True) == [range(1), range(2, 3)]


def test_each_page_once_and_neighbours_as_one_run() -> None:
    assert page_runs([PAGE + 16, 16], PAGE, PAGE, whole=False) == [range(3)]
    assert page_runs([16, 32], 8, PAGE, whole=False) == [range(1)]


PAGE = 4096
BRK, MMAP = AMD64.calls.brk, AMD64.calls.mmap
GROWN = [[BRK, 0, 0x1000], [BRK, 0, 0x1000], [BRK, 0, 0x9000]]


def recording(block: int, size: int, calls: list[list[int]]) -> Recording:
    return Recording(
        [
            {"event": "start", "machine": {"page_size": PAGE, "arch": AMD64.machine}},
            {"event": "record", "name": "one", "value": {"block": block, "size": size, "calls": calls}},
        ]
    )


@pytest.mark.parametrize(("block", "found"), [(0x1000, 1), (0x8FFF, 1), (0x9000, 0), (0xFFF, 0)])
def test_in_heap(block: int, found: int) -> None:
    assert granted_in_heap("one", "").of(recording(block, 16, GROWN)) == found


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
    assert granted_in_heap("another", "").of(recording(0x1000, 16, GROWN)) is None
