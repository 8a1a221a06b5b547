"""Wrong command lines: a few as processes, as `invoke faults --part typed` types all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.faults import typed
from harness.faults.shown import Asked
from harness.faults.typed import Said


def test_some_of_them_get_one_line_each(tmp_path: Path) -> None:
    (shown,) = typed.show(Asked(6, "", 3, tmp_path))
    assert shown.holds, shown.said
    assert shown.what == "6 wrong command lines"


def test_there_are_more_than_a_hundred_and_none_twice() -> None:
    assert len(set(typed.LINES)) == len(typed.LINES) > 100
    assert list(typed.chosen(5, 1)) == list(typed.chosen(5, 1)) != list(typed.chosen(5, 2))
    assert list(typed.chosen(10_000, 1)) == typed.LINES


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (Said("x", 1, "x: it is not so; type y", ()), ""),
        (Said("x", 0, "x: it is not so; type y", ()), "status 0"),
        (Said("x", 2, "x: it is not so; type y", ()), "status 2"),
        (Said("x", 1, "Traceback (most recent call last):\n  File", ()), "a traceback"),
        (Said("x", 1, "x: it is not so", ()), "it names no remedy, or is not printable"),
        (Said("x", 1, "\x1b[31mx; y", ()), "it names no remedy, or is not printable"),
        (Said("x", 1, "", ()), "0 lines"),
        (Said("x", 1, "a;\nb", ()), "2 lines"),
        (Said("x", 1, "x: it is not so; type y", ("results/runs/1/.lock",)), "it left results/runs/1/.lock"),
    ],
)
def test_what_is_wrong_is_noticed(said: Said, wrong: str) -> None:
    assert said.wrong == wrong
