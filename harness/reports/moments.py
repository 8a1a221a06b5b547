"""Before and after: the counters of a trial at its named moments, those that the judge reads and those that changed most."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.evidence.recording import Trial
from harness.reports import readings
from harness.reports.readings import Cell, Row
from harness.reports.wording import memory, signed_spread

AMOUNTS, COUNTS = 8, 4  # rows for what changed most, beside what the judge reads
COLUMNS = 6  # numbers side by side in a table: more can't be read


@dataclass(frozen=True)
class Comparison:
    """The counters of one arm at its named moments.

    rows: each with whether the judge reads it, its change as memory, and its changes over all trials.
    """

    arm: str
    trial: int
    moments: tuple[str, ...]
    rows: tuple[tuple[Row, bool, str, str], ...]

    @property
    def tall(self) -> bool:
        """Says whether there are too many moments for columns, so that each has a row."""
        return len(self.moments) > COLUMNS


def compare(cell: Cell) -> list[Comparison]:
    """Compares before and after, for each arm that has named moments, of the trial that is shown."""
    if cell.shown is None:
        return []
    return [compare_arm(cell, cell.shown, arm) for arm in cell.asked if cell.shown.arms[arm].samples]


def compare_arm(cell: Cell, trial: Trial, arm: str) -> Comparison:
    recording, read = trial.arms[arm], cell.asked[arm]
    every = [one.arms[arm] for one in cell.whole]
    moments = tuple(recording.samples)
    most = readings.changes(recording, moments, read.counters, AMOUNTS, COUNTS) if len(moments) > 1 else []
    rows = [(True, [readings.page_row(one, label, state, moments) for one in every]) for label, state in read.ranges]
    for counter in [*read.counters, *most]:
        rows.append((counter in read.counters, [readings.counter_row(one, counter, moments) for one in every]))
    found = Comparison(
        arm,
        trial.number,
        moments,
        tuple(
            (
                of_trials[0],
                is_read,
                as_memory(of_trials[0], recording.page_size),
                signed_spread([one.change for one in of_trials]),
            )
            for is_read, of_trials in rows
        ),
    )
    # A table with a row a moment has a column a reading: no more of what changed most than fills the last table.
    full = -(-max(sum(is_read for is_read, _ in rows), 1) // COLUMNS) * COLUMNS
    return replace(found, rows=found.rows[:full]) if found.tall else found


def as_memory(row: Row, page_size: int) -> str:
    size = {"pages": page_size, **readings.BYTES}.get(row.unit)
    return memory(row.change * size) if size and row.change else ""
