"""Verdicts of rates: the events of all trials are one sample, and the interval decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness import catalogue
from harness.claims.claim import CONFIRMED, REFUTED, UNDECIDED
from harness.claims.limits import Limits
from harness.evidence import run_directory
from harness.evidence.recording import read_trials
from harness.evidence.schema import Row
from harness.false_evidence.made import Made, write_run
from harness.reports import report
from harness.verdicts import judge
from harness.verdicts.run_cells import judge_run
from tests.refuting.swappiness_more import made

MORE, ALWAYS = "swappiness-higher-swaps-more", "swappiness-higher-every-run"


def rows(directory: Path, trials: Sequence[Made], as_recorded: bool = False) -> dict[str, Row]:
    """The rows of swappiness-more on these trials, by their claims."""
    experiment, _ = catalogue.find(MORE)
    run = write_run(directory, experiment, list(trials), {"lru": "classic"})
    return {row["claim"]: row for judged in judge_run(run, as_recorded) for row in judged.rows}


@pytest.mark.parametrize(
    ("wins", "verdict"),
    [((12, 12, 4), CONFIRMED), ((9, 9, 9), UNDECIDED), ((12, 12, 1), UNDECIDED), ((12, 12, 0), REFUTED), ((0, 0, 0), REFUTED)],
)
def test_trials_are_one_sample(tmp_path: Path, wins: tuple[int, ...], verdict: str) -> None:
    """28 of 36 are beyond chance, 24 are what chance explains, whatever trials they are from."""
    row = rows(tmp_path, [made(one) for one in wins])[MORE]
    assert row["verdict"] == verdict, row["why"]
    assert row["kind"] == "rate"
    assert row["quantities"][1]["values"] == list(wins)
    assert row["quantities"][1]["rate"]["count"] == sum(wins)
    assert row["quantities"][1]["rate"]["events"] == 36
    assert row["quantities"][1]["if_true"] == ">= 28 of 36"
    assert row["quantities"][1]["if_false"] == "<= 24 of 36"


def test_three_of_three_trials_are_no_rate(tmp_path: Path) -> None:
    """Each trial by itself won more rounds than it lost; together that is what chance gives in one of 16 cases."""
    assert rows(tmp_path, [made(7), made(8), made(8)])[MORE]["verdict"] == REFUTED


def test_what_is_said(tmp_path: Path) -> None:
    found = rows(tmp_path, [made(12), made(12), made(6)])
    assert found[MORE]["why"] == (
        "Swappiness 60 swapped more than 0 in 36 of 36 rounds (100 %; 95 % interval: 90 to 100 %). "
        "Swappiness 100 swapped more than 60 in 30 of 36 rounds (83 %; 95 % interval: 67 to 94 %)."
    )
    assert found[ALWAYS]["why"] == "Swappiness 100 swapped more than 60 in 30 of 36 rounds (83 %; 95 % interval: 67 to 94 %)."
    assert found[ALWAYS]["verdict"] == REFUTED


def test_what_is_undecided_says_why(tmp_path: Path) -> None:
    why = rows(tmp_path, [made(9)] * 3)[MORE]["why"]
    assert why == (
        "“rounds in which swappiness 100 swapped more than 60” read 27 of 36 rounds (75 %; 95 % interval: 58 to 88 %), "
        "in neither >= 28 of 36 nor <= 24 of 36"
    )


def test_a_report_says_it(tmp_path: Path) -> None:
    experiment, _ = catalogue.find(MORE)
    run = write_run(tmp_path / "run", experiment, [made(12), made(12), made(6)], {"lru": "classic"})
    text = report.write(run, judge_run(run)).read_text()
    assert "Swappiness 100 swapped more than 60 in 30 of 36 rounds (83 %; 95 % interval: 67 to 94 %)." in text
    assert "A rate: the events of all trials are one sample" in text
    assert "60 swapped more than 60 once more | rounds |  |  | 18 of 36 |" in text
    assert "swapped more than 60** | rounds | >= 28 of 36 | \\<= 24 of 36 | 30 of 36 |" in text
    assert "so many wins are chance in less than one of 1,000 cases" in text
    trials = next((run / "report/cells").glob("*.md")).read_text()
    assert "In all trials together: 30 of 36 rounds (83 %; 95 % interval: 67 to 94 %)." in trials


def test_a_round_that_is_missing(tmp_path: Path) -> None:
    """Fewer events than were fixed are no reading, however clear they are."""
    short = made(12)
    short = short.but(records={"rounds": short.records["rounds"][:11]})
    row = rows(tmp_path, [made(12), made(12), short])[MORE]
    assert row["verdict"] == UNDECIDED
    assert "was not read" in row["why"]
    assert "rate" not in row["quantities"][1]


def test_fewer_trials_than_fixed(tmp_path: Path) -> None:
    experiment, _ = catalogue.find(MORE)
    run = write_run(tmp_path, experiment, [made(12)] * 2, {"lru": "classic"})
    trials = read_trials(run_directory.cell_directory(run, experiment.name))
    found = judge.judge(experiment, trials, planned=3)
    assert {one.verdict for one in found} == {UNDECIDED}
    assert "2 of 3 trials are valid" in found[0].why
    assert [one.verdict for one in judge.judge(experiment, trials, planned=2)] == [CONFIRMED, CONFIRMED]


def test_bounds_of_the_run(tmp_path: Path) -> None:
    """Judged by the run's own bounds, a rate reads them of as many events."""
    experiment, _ = catalogue.find(MORE)
    run = write_run(tmp_path, experiment, [made(10)] * 3, {"lru": "classic"})
    trials = read_trials(run_directory.cell_directory(run, experiment.name))
    name = experiment.expects[1].quantity.name
    recorded = {(MORE, name): (Limits(31, None), Limits(None, 30))}
    (verdict,) = [one for one in judge.judge(experiment, trials, recorded) if one.claim.id == MORE]
    assert verdict.verdict == REFUTED
    assert verdict.quantities()[1]["if_true"] == ">= 31 of 36"


def pages(made: Made, setting: str) -> list[int]:
    return [read for runs in made.records["rounds"] for name, _, read in runs if name == setting]


def test_a_drift_from_round_to_round(tmp_path: Path) -> None:
    """Rounds that drift from 9,000 pages to 2,400, in each of which 100 swaps 5 pages more than 60.

    Runs of different rounds compared, as was done once, contradict the claim; the pairs of each round do not.
    """
    drifting = made(12)
    least, most = min(pages(drifting, "100")), max(pages(drifting, "60"))
    assert (least, most) == (2405, 9000)
    found = rows(tmp_path, [drifting] * 3)
    assert found[MORE]["verdict"] == CONFIRMED
    assert found[ALWAYS]["verdict"] == CONFIRMED


def test_the_same_setting_twice_must_read_false(tmp_path: Path) -> None:
    """Something favours one of two equal settings: nothing follows from the others."""

    def favoured(made: Made) -> Made:
        rounds = [
            [[name, filling, read - 500 * (name == "60 once more")] for name, filling, read in runs]
            for runs in made.records["rounds"]
        ]
        return replace(made, records={"rounds": rounds})

    row = rows(tmp_path, [favoured(made(12))] * 3)[MORE]
    assert row["verdict"] == UNDECIDED
    assert "60 once more” read 36 of 36 rounds" in row["why"]
