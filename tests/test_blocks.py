"""Which pages blocks take up."""

from __future__ import annotations

from harness.blocks import page_numbers

PAGE = 4096


def test_a_page_with_any_byte_of_a_block() -> None:
    assert page_numbers([PAGE - 1], 2, PAGE, whole=False) == {0, 1}
    assert page_numbers([PAGE], PAGE, PAGE, whole=False) == {1}


def test_a_page_inside_of_a_block() -> None:
    assert page_numbers([PAGE], PAGE, PAGE, whole=True) == {1}
    assert page_numbers([PAGE + 16], 2 * PAGE, PAGE, whole=True) == {2}
    assert page_numbers([16], 88, PAGE, whole=True) == set()
    assert page_numbers([0, 2 * PAGE], PAGE, PAGE, whole=True) == {0, 2}
