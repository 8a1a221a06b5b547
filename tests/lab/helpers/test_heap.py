"""Which pages blocks take up."""

from __future__ import annotations

from harness.lab.helpers.heap import page_runs

PAGE = 4096


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
