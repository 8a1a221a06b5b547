"""In which order the cells of a run begin, and their trials: slow ones first, and no two trials of a cell in a row."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from harness.errors import Damaged, UsageError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.reports.comparison.rows import REFERENCE

Cell = TypeVar("Cell")

# So many cells take turns, a trial each. What one run has in common (a host that is busy for a minute) then meets one trial
# of many cells rather than all trials of a few: three trials in a row once agreed on a number that no other run has read.
TAKING_TURNS = 16


class Times:
    """How long a trial takes, by the rows of an earlier run."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        found: dict[tuple[str, str], list[float]] = defaultdict(list)
        for row in rows:
            if row["seconds"] is not None:
                for series in (row["series"], ""):
                    found[row["experiment"], series].append(row["seconds"] / max(1, row["trials"]))
        self._seconds = {key: statistics.fmean(values) for key, values in found.items()}

    def of(self, experiment: str, series: str) -> float | None:
        """Gives the seconds of one trial on that kernel, or on any if it was not run there; None where nobody knows."""
        return self._seconds.get((experiment, series), self._seconds.get((experiment, "")))


def published() -> Times:
    """Gives the times of the published reference; none where there is none."""
    try:
        return Times(run_directory.read_verdicts(REFERENCE)["verdicts"])
    except (Damaged, UsageError):
        return Times()


def slow_first(cells: Sequence[Cell], seconds: Callable[[Cell], float | None]) -> list[Cell]:
    """Puts first what takes longest: at the end of a run, when some machines have nothing more to do, the others are soon done
    too. What nobody has run yet may be slow: it comes before all else."""
    known = {id(cell): seconds(cell) for cell in cells}

    def rank(cell: Cell) -> tuple[bool, float]:
        found = known[id(cell)]
        return found is not None, -(found or 0.0)

    return sorted(cells, key=rank)


def in_turns(trials: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yields (place of a cell, number of a trial, 1…) of cells with so many trials each, so that between two of a cell lie
    those of others."""
    for first in range(0, len(trials), TAKING_TURNS):
        turn = range(first, min(first + TAKING_TURNS, len(trials)))
        for number in range(1, max(trials[cell] for cell in turn) + 1):
            for cell in turn:
                if number <= trials[cell]:
                    yield cell, number
