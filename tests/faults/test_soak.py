"""What a soak compares."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.faults import soak
from harness.faults.shown import Asked


def test_growth_of_two_percent_is_none_and_more_is() -> None:
    flat, grown = [1000] * 50 + [1020] * 50, [1000] * 50 + [1021] * 50
    assert soak.compared("memory", flat).holds
    assert not soak.compared("memory", grown).holds
    assert not soak.compared("descriptors", [*range(10, 20)]).holds


def test_what_only_comes_and_goes_is_no_growth() -> None:
    waves = [1000, 1200, 1100] * 30
    assert soak.compared("resident", [*waves, *[1190] * 9, 1001], typical=min).holds
    assert not soak.compared("resident", [*waves, *[1190] * 9, 1021], typical=min).holds


def test_one_outlier_is_no_growth() -> None:
    assert soak.compared("memory", [1000] * 95 + [5000] + [1000] * 4).holds


def test_this_process_holds_what_it_opens(tmp_path: Path) -> None:
    before = soak.held()
    with open(tmp_path / "file", "w"):
        assert soak.held()[2] == before[2] + 1
    kept = [bytearray(20_000_000), [object() for _ in range(100_000)]]
    with_more = soak.held()
    assert with_more[0] > before[0] + 19_000
    assert with_more[1] >= before[1] + 100_000
    del kept
    assert before[3] >= 1


def test_names_that_types_were_asked_for_are_given_back() -> None:
    """A name that is made anew stays in Python's cache of methods (Objects/typeobject.c)."""

    before = soak.held()[1]
    names = [f"no attribute {number}" for number in range(2000)]
    assert not any(hasattr(soak, name) for name in names)
    del names
    kept = sys.getallocatedblocks() - before
    assert kept > 100
    assert soak.held()[1] - before < kept / 10


@pytest.mark.guest
def test_trials_in_a_row(tmp_path: Path) -> None:
    """Three trials: too few to say that memory is flat."""
    shown = {one.what: one for one in soak.show(Asked(len(soak.EXPERIMENTS), "", 1, tmp_path))}
    assert shown["verdicts"].holds, shown["verdicts"].said
    assert shown["descriptors"].holds, shown["descriptors"].said
    assert not list(tmp_path.iterdir())
