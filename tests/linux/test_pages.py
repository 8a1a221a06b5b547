"""The page microscope on entries made by hand: every state, how pages are shared."""

from __future__ import annotations

import struct

import pytest

from harness.linux import pages
from harness.linux.pages import (
    ACTIVE,
    ANON,
    DIRTY,
    EXCLUSIVE,
    FILE_OR_SHMEM,
    HUGE,
    LRU,
    MLOCKED,
    PRESENT,
    SWAPBACKED,
    SWAPPED,
    UNEVICTABLE,
    ZERO_PAGE,
)


def made(*entries: tuple[int, int, int]) -> bytes:
    return b"".join(struct.pack("<QQQ", *entry) for entry in entries)


ANONYMOUS = (PRESENT | EXCLUSIVE | 7, LRU | ACTIVE | ANON | SWAPBACKED, 1)
CACHE = (PRESENT | FILE_OR_SHMEM | 8, LRU | DIRTY, 2)
SHMEM = (PRESENT | FILE_OR_SHMEM | 9, LRU | SWAPBACKED | UNEVICTABLE | MLOCKED, 3)
ZERO = (PRESENT | 1, ZERO_PAGE, 0)
GONE, IN_SWAP = (0, 0, 0), (SWAPPED | 12345, 0, 0)
OF_HUGETLBFS = (PRESENT | 10, HUGE | ANON, 1)
ALL = made(ANONYMOUS, CACHE, SHMEM, ZERO, GONE, IN_SWAP, OF_HUGETLBFS)


@pytest.mark.parametrize(
    ("state", "count"),
    [
        ("resident", 5),
        ("absent", 1),
        ("swapped", 1),
        ("zero", 1),
        ("anonymous", 2),
        ("shmem", 1),
        ("file", 1),
        ("huge", 1),
        ("mlocked", 1),
        ("unevictable", 1),
        ("on LRU", 3),
        ("active", 1),
        ("inactive", 1),
        ("active anon", 1),
        ("inactive anon", 0),
        ("active file", 0),
        ("inactive file", 1),
        ("anonymous LRU", 1),
        ("file LRU", 1),
        ("dirty", 1),
        ("writeback", 0),
        ("swap cache", 0),
        ("exclusive", 1),
        ("shared", 4),
        ("thp", 0),
    ],
)
def test_states(state: str, count: int) -> None:
    assert pages.count(ALL, state) == count


def test_the_table_of_states_above_is_whole() -> None:
    tried = {parameter[0] for mark in test_states.pytestmark for parameter in mark.args[1]}  # type: ignore[attr-defined]
    assert tried == set(pages.STATES)


def test_every_page_has_one_kind() -> None:
    for entry in (ANONYMOUS, CACHE, SHMEM, ZERO, GONE, IN_SWAP, OF_HUGETLBFS):
        assert [pages.count(made(entry), kind) for kind in pages.KINDS].count(1) == 1


def test_how_often_they_are_mapped() -> None:
    assert pages.mapped(ALL) == (0, 3)
    assert pages.mapped(made(GONE, IN_SWAP)) is None
    assert pages.count_mapped(ALL, 1) == 2


def test_frames_in_common() -> None:
    assert pages.frames(ALL) == {7, 8, 9, 1, 10}
    assert pages.same_frames(made(ANONYMOUS, CACHE), made(ANONYMOUS, SHMEM)) == 1
    assert pages.same_frames(made(GONE), made(GONE)) == 0


def test_a_mincore_vector() -> None:
    assert pages.resident(bytes((1, 0, 1, 3, 2))) == 3
