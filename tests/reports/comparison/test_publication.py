"""What publishing does to the reference that is there: it adds and updates, and loses nothing unasked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness import catalogue
from harness.errors import UsageError
from harness.evidence import json_file, run_directory
from harness.evidence.schema import Row
from harness.false_evidence.made import write_matrix
from harness.reports.comparison import publication, reference
from tests.commands import invoke, one_line
from tests.reports.comparison.test_matrices import CLAIM, NEVER, NEW, OLD, ONCE, SWAPPINESS, TMPFS, N, kept, of_lru
from tests.reports.test_pages import check

NEWER = "6.12.10-made"  # another release of NEW's series


def run_of(directory: Path, release: str = NEW, counts: Sequence[int] = (N, N, N)) -> Path:
    """Makes a run of tmpfs-dropped with a plot."""
    run = write_matrix(directory, TMPFS, {release: {"": kept(*counts)}})
    (run / "plots").mkdir()
    (run / "plots" / f"{CLAIM}@{release}.svg").write_text(f"<svg><desc>{directory.name}</desc></svg>")
    return run


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A reference with two claims of tmpfs-dropped on one kernel, and swappiness-0-never-swaps on two."""
    lru = write_matrix(tmp_path / "lru", SWAPPINESS, {OLD: of_lru([ONCE] * 3), NEW: of_lru([ONCE] * 3, [NEVER] * 3)})
    made = reference.publish([lru, run_of(tmp_path / "first")], [], tmp_path / "reference")
    assert (len(made.added), len(made.updated), len(made.kept)) == (5, 0, 0)
    return tmp_path / "reference"


def rows_of(directory: Path) -> list[Row]:
    return run_directory.read_verdicts(directory)["verdicts"]


def content(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_one_experiment_updates_its_rows_and_keeps_all_others(published: Path, tmp_path: Path) -> None:
    before, pages = rows_of(published), content(published / "claims")
    made = reference.publish([run_of(tmp_path / "again", counts=(7, 7, 7))], [], published)
    lines = list(made.lines())
    assert lines[0] == "Rows: added 0, updated 2, kept 3"
    assert f"  {CLAIM} on {NEW}: confirmed -> refuted" in lines
    after = rows_of(published)
    assert [(row["claim"], row["kernel"], row["settings"]) for row in after] == [
        (row["claim"], row["kernel"], row["settings"]) for row in before
    ]
    assert [row for row in after if row["experiment"] != TMPFS.name] == [row for row in before if row["experiment"] != TMPFS.name]
    assert {row["run"] for row in after if row["experiment"] == TMPFS.name} == {"again"}
    assert (published / "plots" / f"{CLAIM}.6.12.svg").read_text() == "<svg><desc>again</desc></svg>"
    assert content(published / "claims")["swappiness-0-never-swaps.md"] == pages["swappiness-0-never-swaps.md"]
    index = (published / "README.md").read_text()
    check(index, published)
    assert f"| 5.10 | {OLD} | guest, TCG | linux-image-{OLD} |" in index  # of a kernel that only kept rows are of


def test_a_second_release_of_a_series_is_added_with_a_plot_of_its_own(published: Path, tmp_path: Path) -> None:
    made = reference.publish([run_of(tmp_path / "newer", NEWER, (9, 9, 9))], [], published)
    assert next(made.lines()) == "Rows: added 2, updated 0, kept 5"
    page = (published / "claims" / f"{CLAIM}.md").read_text()
    assert f"![newer](../plots/{CLAIM}.{NEWER}.svg)" in page
    assert f"![first](../plots/{CLAIM}.6.12.svg)" in page
    again = reference.publish([run_of(tmp_path / "third", OLD)], [], published)  # both are kept with their plots
    assert next(again.lines()) == "Rows: added 2, updated 0, kept 7"
    assert (published / "claims" / f"{CLAIM}.md").read_text().count(f"](../plots/{CLAIM}.") == 3


def test_a_setting_that_was_asked_for_is_a_row_beside_the_usual_one(published: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path / "asked")
    cell = run / "experiments" / f"tmpfs-dropped@{NEW}"
    record = run_directory.read_cell(cell)
    for row in record["verdicts"]:
        row["settings"]["swappiness"] = "10"
    record["sets"] = {"swappiness": "10"}
    run_directory.write_cell(cell, record)
    document = run_directory.read_verdicts(run)
    run_directory.write_verdicts(run, {**document, "cells": {cell.name: record["seal"]}})
    assert publication.asked(record, TMPFS) == {"swappiness"}
    assert next(reference.publish([run], [], published).lines()) == "Rows: added 2, updated 0, kept 5"
    assert next(reference.publish([run], [], published).lines()) == "Rows: added 0, updated 2, kept 5"


def test_pages_are_redrawn_from_the_rows_that_are_there(published: Path) -> None:
    before = content(published)
    page = published / "claims" / f"{CLAIM}.md"
    page.write_text("of another day")
    made = reference.publish([], [], published)
    assert next(made.lines()) == f"Rows: added 0, updated 0, kept {len(rows_of(published))}"
    assert content(published) == before


def test_rows_are_lost_only_where_that_is_asked_for(published: Path, tmp_path: Path) -> None:
    before, run = content(published), run_of(tmp_path / "only")
    with pytest.raises(
        UsageError, match=r"--all would lose 3 of its 5 rows.*swappiness-0-never-swaps \[lru=classic\] on"
    ) as told:
        reference.publish([run], [], published, everything=True)
    assert "--replace" in told.value.remedy
    assert content(published) == before  # nothing was touched
    made = reference.publish([run], [], published, everything=True, may_lose=True)
    assert next(made.lines()) == "Rows: added 0, updated 2, kept 0, lost 3"
    assert {row["experiment"] for row in rows_of(published)} == {TMPFS.name}
    assert {path.stem for path in (published / "claims").iterdir()} == {claim.id for claim in TMPFS.claims}


def test_outdated_rows_are_left_out_where_that_is_asked_for(published: Path, tmp_path: Path) -> None:
    document = run_directory.read_verdicts(published)
    other = next(row for row in document["verdicts"] if row["experiment"] != TMPFS.name)
    document["verdicts"].append({**other, "kernel": "6.1.9", "series": "6.1", "version": other["version"] - 1})
    document["verdicts"].append({**document["verdicts"][0], "claim": "long-forgotten", "experiment": "forgotten"})
    document["errors"].append({"experiment": TMPFS.name, "kernel": NEW, "what": "guest lost"})
    document["errors"].append({"experiment": other["experiment"], "kernel": OLD, "what": "guest lost"})
    run_directory.write_verdicts(published, document)
    current = [row for row in rows_of(published) if row["series"] != "6.1" and row["experiment"] != "forgotten"]
    made = reference.publish([run_of(tmp_path / "newer", NEWER, (9, 9, 9))], [], published, current=True)
    assert {(row["claim"], row["kernel"]) for row in made.lost if row["experiment"] == TMPFS.name} == {
        (claim.id, NEW) for claim in TMPFS.claims
    }  # the release before of the series that was run
    assert {row["experiment"] for row in made.lost} == {TMPFS.name, "forgotten", other["experiment"]}
    assert [row for row in rows_of(published) if row["experiment"] != TMPFS.name] == [
        row for row in current if row["experiment"] != TMPFS.name
    ]
    assert [one["experiment"] for one in run_directory.read_verdicts(published)["errors"]] == [other["experiment"]]


@pytest.mark.parametrize(("older", "stay"), [(0, 3), (1, 5)])
def test_a_row_of_an_older_version_replaces_none_of_a_newer_one(published: Path, tmp_path: Path, older: int, stay: int) -> None:
    """Publishing an old run again, for its words, once put 26 rows in the place of those that newer procedures had measured."""
    cells = reference.gather([run_of(tmp_path / "again")])
    entries = tuple(replace(one, row={**one.row, "version": one.row["version"] - older}) for one in cells.entries)
    made = publication.of(replace(cells, entries=entries), published, everything=False, may_lose=False)
    assert (len(made.updated), len(made.kept), len(made.lost)) == (5 - stay, stay, 0)


@pytest.mark.parametrize(("verdict", "machine", "stay"), [("skipped", "local", 5), ("skipped", "vm", 3), ("refuted", "local", 3)])
def test_what_an_installed_system_decided_is_kept_where_guests_skip_it(
    published: Path, tmp_path: Path, verdict: str, machine: str, stay: int
) -> None:
    cells = reference.gather([run_of(tmp_path / "again")])
    entries = tuple(replace(one, row={**one.row, "verdict": verdict, "machine": machine}) for one in cells.entries)
    made = publication.of(replace(cells, entries=entries), published, everything=False, may_lose=False)
    assert (len(made.updated), len(made.kept), len(made.lost)) == (5 - stay, stay, 0)


def test_what_the_catalogue_has_no_more_is_kept_as_data(published: Path, tmp_path: Path) -> None:
    document = run_directory.read_verdicts(published)
    document["verdicts"].append({**document["verdicts"][0], "claim": "long-forgotten", "experiment": "forgotten"})
    document["errors"].append({"experiment": "forgotten", "kernel": OLD, "what": "guest lost"})
    document["errors"].append({"experiment": TMPFS.name, "kernel": NEW, "what": "guest lost"})
    run_directory.write_verdicts(published, document)
    (published / "claims" / "long-forgotten.md").write_text("as it was")
    reference.publish([run_of(tmp_path / "again")], [], published)
    assert "long-forgotten" in {row["claim"] for row in rows_of(published)}
    assert (published / "claims" / "long-forgotten.md").read_text() == "as it was"
    assert [error["experiment"] for error in run_directory.read_verdicts(published)["errors"]] == ["forgotten"]


@pytest.mark.parametrize(
    ("name", "settings", "end", "its"),
    [
        ("dirty.lru=classic.6.1.svg", {"lru": "classic"}, "6.1", True),
        ("dirty.lru=mglru.6.1.svg", {"lru": "classic"}, "6.1", False),
        ("dirty.6.1.svg", {"lru": "classic"}, "6.1", True),
        ("dirty.6.1.svg", {}, "6.12", False),
        ("dirty.lru=classic.disk_rate=1.5.6.1.svg", {"lru": "classic", "disk_rate": "1.5"}, "6.1", True),
        ("dirtypages.6.1.svg", {}, "6.1", False),
    ],
)
def test_a_plot_is_found_by_its_name(name: str, settings: dict[str, str], end: str, its: bool) -> None:
    row: Row = {"claim": "dirty", "settings": settings}  # type: ignore[typeddict-item]
    assert publication.is_plot_of(name, row, end) == its


def test_kernels_do_not_tell_where_this_machine_has_them(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run")
    around = run_directory.read_environment(run)
    around["kernels"][0]["source"] = "/somebody/linux/bzImage"
    run_directory.write_environment(run, around)
    reference.publish([run], [], tmp_path / "reference")
    (kernel,) = json_file.read(tmp_path / "reference" / "kernels.json", dict, 1, "")["kernels"]
    assert kernel["source"] == "by path"
    assert "| by path |" in (tmp_path / "reference" / "README.md").read_text()


def test_the_command_says_what_it_did(published: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs" / "typed")
    words = ["publish", "--runs", str(run), "--to", str(published)]
    done = invoke(*words)
    assert done.returncode == 0, done.stderr
    assert "Rows: added 0, updated 2, kept 3\n" in done.stdout
    assert re.search(r"README\.md: 5 rows on ", done.stdout)
    one_line(invoke(*words, "--all"), 1, "would lose 3 of its 5 rows", "--replace")
    one_line(invoke(*words, "--replace"), 1, "add --all")
    one_line(invoke(*words, "--current", "--all"), 1, "leave out --all")
    assert catalogue.claims()[CLAIM]
    assert "lost 3" in invoke(*words, "--all", "--replace").stdout
