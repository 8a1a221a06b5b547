"""The order in which the trials of a run are handed in."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from harness.run.batch import submit
from harness.run.order import TAKING_TURNS


def handed_in(*trials: int) -> list[tuple[int, int]]:
    """Lists (cell, trial) in the order in which they are handed to the pool, of cells with so many trials each."""
    found: list[tuple[int, int]] = []

    def batch(number: int, count: int) -> Any:
        return SimpleNamespace(
            cell=SimpleNamespace(trials=count), submit=lambda _, trial, number=number: found.append((number, trial))
        )

    submit([batch(number, count) for number, count in enumerate(trials)], None)  # type: ignore[arg-type]
    return found


def test_trials_of_a_cell_lie_between_others() -> None:
    assert handed_in(3, 1, 2) == [(0, 1), (1, 1), (2, 1), (0, 2), (2, 2), (0, 3)]
    many = handed_in(*[3] * (3 * TAKING_TURNS))
    assert sorted(many) == [(cell, trial) for cell in range(3 * TAKING_TURNS) for trial in (1, 2, 3)]
    for cell in range(3 * TAKING_TURNS):
        at = [place for place, (one, _) in enumerate(many) if one == cell]
        assert [later - earlier for earlier, later in pairwise(at)] == [TAKING_TURNS] * 2


def test_one_cell_alone() -> None:
    assert handed_in(3) == [(0, 1), (0, 2), (0, 3)]
    assert handed_in() == []
