"""A kernel's name means its newest results, of all runs and of the reference."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import catalogue
from harness.claims.claim import Experiment
from harness.errors import UsageError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.false_evidence.made import write_matrix
from harness.reports.comparison import differences, rows, selection
from tests.reports.comparison.test_matrices import CLAIM, NEVER, NEW, OLD, ONCE, SWAPPINESS, TMPFS, N, kept, of_lru

NEWER = "6.12.10-made"


@pytest.fixture(autouse=True)
def nothing_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "REFERENCE", tmp_path / "reference")


def run_of(directory: Path, age: int, release: str, counts: Sequence[int], **settings: str) -> Path:
    """Makes a run of tmpfs-dropped whose verdicts.json is of that time, decided under these settings."""
    run = write_matrix(directory, TMPFS, {release: {"": kept(*counts)}})
    document = run_directory.read_verdicts(run)
    for row in document["verdicts"]:
        row["settings"] |= settings
    run_directory.write_verdicts(run, document)
    os.utime(run / "verdicts.json", (age, age))
    return run


def counts(name: str, parent: Path) -> list[tuple[str, list[float | None]]]:
    found = [row for row in selection.select(name, parent).rows if row["claim"] == CLAIM]
    return [(row["kernel"], row["quantities"][0]["values"]) for row in found]


def test_the_newest_row_of_each_claim(tmp_path: Path) -> None:
    run_of(tmp_path / "a", 3000, NEW, (1, 1, 1))
    run_of(tmp_path / "b", 2000, NEWER, (2, 2, 2))  # another release of the series, run before
    run_of(tmp_path / "c", 1000, OLD, (N, N, N))
    assert counts("6.12", tmp_path) == [(NEW, [1, 1, 1])]
    assert counts(NEWER, tmp_path) == [(NEWER, [2, 2, 2])]
    found = differences.compare(*(selection.select(name, tmp_path) for name in ("5.10", "6.12")))
    (pair,) = [pair for pair in found.verdicts() if pair.claim == CLAIM]
    assert (pair.one["verdict"], pair.other["verdict"], pair.kernel) == ("confirmed", "refuted", "")


def test_a_run_for_which_other_settings_were_asked_is_not_the_kernels_newest(tmp_path: Path) -> None:
    own = {name: value for name, value in TMPFS.conditions().items() if name == "swappiness"}
    run_of(tmp_path / "usual", 1000, NEW, (1, 1, 1), **own)
    run_of(tmp_path / "asked", 2000, NEW, (2, 2, 2), swappiness="11")
    assert counts("6.12", tmp_path) == [(NEW, [1, 1, 1])]
    assert counts("6.12@swappiness=11", tmp_path) == [(NEW, [2, 2, 2])]


def test_settings_of_an_experiment_are_rows_of_their_own(tmp_path: Path) -> None:
    write_matrix(tmp_path / "lru", SWAPPINESS, {NEW: of_lru([ONCE] * 3, [NEVER] * 3)})
    found = selection.select("6.12", tmp_path)
    assert sorted(row["settings"]["lru"] for row in found.rows) == ["classic", "mglru"]
    assert [row["settings"]["lru"] for row in selection.select("6.12@lru=mglru", tmp_path).rows] == ["mglru"]


def test_the_reference_counts_as_the_oldest_run(tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs" / "a", 1000, NEW, (1, 1, 1))
    (tmp_path / "reference").mkdir()
    for row in (document := run_directory.read_verdicts(run))["verdicts"]:
        row["run"], row["quantities"][0]["values"] = "published", [7, 7, 7]
    run_directory.write_verdicts(tmp_path / "reference", document)
    assert counts("6.12", tmp_path / "runs") == [(NEW, [1, 1, 1])]
    assert counts("6.12", tmp_path / "none") == [(NEW, [7, 7, 7])]


def test_a_run_comes_before_a_kernel_of_its_name(tmp_path: Path) -> None:
    run_of(tmp_path / "6.12", 1000, OLD, (N, N, N))
    assert {row["kernel"] for row in selection.select("6.12", tmp_path).rows} == {OLD}


def test_what_is_neither_names_the_kernels_that_there_are(tmp_path: Path) -> None:
    run_of(tmp_path / "a", 1000, NEW, (1, 1, 1))
    with pytest.raises(UsageError, match=r"kernels with results: 6\.12"):
        selection.select("6.1", tmp_path)


def test_damaged_evidence_is_not_the_newest(tmp_path: Path) -> None:
    run_of(tmp_path / "good", 1000, NEW, (1, 1, 1))
    bad = run_of(tmp_path / "bad", 2000, NEW, (2, 2, 2))
    next(bad.glob("experiments/*/trial-1*")).write_bytes(b"other")
    assert counts("6.12", tmp_path) == [(NEW, [1, 1, 1])]
    assert [line[:5] for line in selection.select("6.12", tmp_path).broken] == ["bad: "]


def test_two_releases_of_a_series_do_not_hide_each_other(tmp_path: Path) -> None:
    one, other = (
        write_matrix(tmp_path / name, TMPFS, {NEW: {"": kept(N, N, N)}, NEWER: {"": kept(count, count, count)}})
        for name, count in (("one", N), ("other", 5))
    )
    found = differences.compare(*(selection.select(str(run), tmp_path) for run in (one, other)))
    assert [(pair.claim, pair.kernel) for pair in found.verdicts() if pair.claim == CLAIM] == [(CLAIM, NEWER)]


def settings_of(experiment: Experiment, **changes: str) -> Row:
    found = {name: value for name, value in experiment.conditions().items() if value != "the kernel's own"}
    found["memory"] = str(int(found["memory"]) << 20)
    row: Row = {"settings": {**found, **changes}}  # type: ignore[typeddict-item]
    return row


@pytest.mark.parametrize("name", sorted(catalogue.load()))
def test_every_experiment_knows_its_own_settings(name: str) -> None:
    experiment = catalogue.load()[name]
    assert selection.other_settings(settings_of(experiment), experiment) == []
    assert selection.other_settings(settings_of(experiment, append="quiet"), experiment) == ["append"]
    assert selection.other_settings(settings_of(experiment, memory="1"), experiment) == ["memory"]
