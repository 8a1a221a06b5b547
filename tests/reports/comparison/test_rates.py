"""Rates side by side: they differ where their intervals lie apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import catalogue
from harness.evidence.schema import Row
from harness.false_evidence.made import write_run
from harness.reports.comparison import differences, rows
from harness.verdicts.run_cells import judge_run
from tests.refuting.swappiness_more import made

MORE = "swappiness-higher-swaps-more"


def row(directory: Path, *wins: int) -> Row:
    experiment, _ = catalogue.find(MORE)
    run = write_run(directory, experiment, [made(one) for one in wins], {"lru": "classic"})
    return next(row for judged in judge_run(run) for row in judged.rows if row["claim"] == MORE)


@pytest.mark.parametrize(("wins", "differ"), [((12, 10, 8), False), ((7, 7, 8), False), ((6, 6, 5), True)])
def test_intervals(tmp_path: Path, wins: tuple[int, ...], differ: bool) -> None:
    """30 of 36 is 67 to 94 %, 22 of 36 is 43 to 77 %, 17 of 36 is 30 to 65 %, whatever the trials are apart."""
    one, other = row(tmp_path / "one", 10, 10, 10), row(tmp_path / "other", *wins)
    found = rows.differing(one, other)
    assert [difference.name for difference in found] == ["rounds in which swappiness 100 swapped more than 60"] * differ
    if differ:
        (line,) = differences.numbers(found)
        assert line.endswith("0.6719 to 0.9363 -> 0.3041 to 0.6451 of all rounds (true: >= 28 of 36)")
