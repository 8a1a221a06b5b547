"""The cells of a run, each checked before it is believed: planned ones, finished ones, and those whose directory is there.

environment.json lists what was planned, verdicts.json vouches for each cell.json, and that for its recordings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness import catalogue
from harness.claims.claim import Experiment
from harness.errors import Damaged, UsageError
from harness.evidence import integrity, run_directory
from harness.evidence.run_directory import SCHEMA
from harness.evidence.schema import CellRecord, FailureRow, VerdictsFile
from harness.linux import releases
from harness.verdicts.judged import Judged, Outcome, experiment_of, failure, failures_of, judge_trials, kept_question


@dataclass(frozen=True)
class RunCell:
    """A cell of a run. faults: why it can't be believed, empty for one that can. vouched: whether it has digests."""

    directory: Path
    cell: CellRecord
    experiment: Experiment
    faults: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def vouched(self) -> bool:
        return bool(self.faults) or "digests" in self.cell

    @property
    def failures(self) -> list[FailureRow]:
        return [failure(self.cell, what) for what in self.faults]

    def outcome(self) -> Outcome | None:
        """Gives what came of it when it was run, or what is wrong with it; None if it was never judged."""
        if self.faults:
            return Outcome(self.directory, self.cell, self.experiment, [], self.failures)
        if "verdicts" not in self.cell:
            return None
        failures, absent = failures_of(self.cell), self.cell.get("absent", "")
        return Outcome(self.directory, self.cell, self.experiment, self.cell["verdicts"], failures, absent)

    def judge(self, as_recorded: bool = False) -> Judged:
        """Judges it from its directory; one that can't be believed is broken."""
        if self.faults:
            return Judged(Outcome(self.directory, self.cell, self.experiment, [], self.failures), [], [])
        return judge_trials(self.directory, self.cell, self.experiment, as_recorded)


def cells_of(run: Path, unknown: bool = False) -> Iterator[RunCell]:
    """Yields each cell of a run, checked. unknown: passes over experiments that neither the catalogue nor the run has, instead of
    raising UsageError. Raises Damaged where verdicts.json or environment.json is not as it was written."""
    planned, entered = run_directory.read_environment(run).get("cells"), run_directory.entered_cells(run)
    for name in sorted({*(planned or ()), *entered, *run_directory.cells_here(run)}):
        try:
            experiment = experiment_of_cell(run, name)
        except UsageError:
            if unknown:
                continue
            raise
        yield checked(run_directory.cell_directory(run, name), experiment, planned, entered.get(name))


def experiment_of_cell(run: Path, name: str) -> Experiment:
    """Finds the experiment of a cell by the cell's name: the catalogue's, or the question that the run has kept as data, also
    where the cell's own record is damaged or missing. Raises UsageError where there is neither."""
    experiment, directory = name.partition("@")[0], run_directory.cell_directory(run, name)
    known = experiment in catalogue.entries()
    # Nearly every cell is the catalogue's: its record is read once, by `checked`.
    if known and not run_directory.source_directory(run, experiment).exists():
        return catalogue.find(experiment)[0]
    with suppress(Damaged, UsageError):
        cell = run_directory.read_cell(directory)
        if cell.get("origin"):
            return experiment_of(directory, cell)
    return (None if known else kept_question(run, experiment)) or catalogue.find(experiment)[0]


def checked(directory: Path, experiment: Experiment, planned: list[str] | None, entered: str | None) -> RunCell:
    """Checks a cell. planned: all cells of its run, if they are known. entered: the seal that verdicts.json has of its
    cell.json, if it has one."""
    missing = "" if directory.is_dir() else "its directory is missing: it was never run, or was deleted since"
    missing = missing or ("" if (directory / "cell.json").exists() else "its cell.json is missing: it was deleted since")
    if missing:
        return RunCell(directory, lost(directory.name, experiment), experiment, (missing,))
    try:
        cell = run_directory.read_cell(directory)
    except Damaged as error:
        return RunCell(directory, lost(directory.name, experiment), experiment, (str(error),))
    found = tuple(islice(faults(directory.name, cell, experiment, planned, entered), 1))
    return RunCell(
        directory, cell, experiment, found or tuple(islice(integrity.faults(directory, cell, experiment.arms), integrity.LISTED))
    )


def faults(name: str, cell: CellRecord, experiment: Experiment, planned: list[str] | None, entered: str | None) -> Iterator[str]:
    """Yields why cell.json is not that of this cell (see `checked`)."""
    if cell["experiment"] != experiment.name or ("@" in name and name.rpartition("@")[2] != cell["kernel"]):
        yield f"its cell.json is of {cell['experiment']} on {cell['kernel']}"
    if entered is not None and cell.get("seal") != entered:
        yield "its cell.json is another than the one that the run's verdicts.json has the seal of"
    if planned is not None and name not in planned:
        yield "it was never planned in this run: environment.json does not list it"
    if planned is not None and "verdicts" not in cell:
        yield "it was never run to its end: the run was ended before"


def lost(name: str, experiment: Experiment) -> CellRecord:
    """Makes up the record of a cell that has none which can be read: what its name says."""
    _, *settings, kernel = name.split("@") if "@" in name else (name, "unknown")
    return {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "version": experiment.version,
        "source": None,
        "axis": dict(part.partition("=")[::2] for part in settings),
        "trials": experiment.trials,
        "kernel": kernel,
        "series": releases.series(kernel),
        "config": None,
        "image": None,
        "package": None,
        "accelerator": "unknown",
        "seconds": None,
        "failures": [],
        "bounds": [],
    }


def judge_run(run: Path, as_recorded: bool = False) -> Iterator[Judged]:
    """Judges every cell of a run from disk, one by one: no two of them need be in memory at once."""
    for one in cells_of(run):
        yield one.judge(as_recorded)


def document(run: Path, judged: list[Outcome]) -> VerdictsFile:
    """Gives verdicts.json of a run that was judged again. What it vouched for it still does: a cell that can't be believed
    now is not made believable by judging it again."""
    seals = {one.directory.name: one.cell["seal"] for one in judged if not one.failures and "seal" in one.cell}
    rows = [row for one in judged for row in one.rows]
    failures = [failure for one in judged for failure in one.failures]
    return run_directory.document(run, rows, failures, {**seals, **run_directory.entered_cells(run)})


def unvouched(run: Path) -> str:
    """Says what of a run nothing vouches for, "" where all of it is vouched for."""
    missing = []
    if not (run / "verdicts.json").exists():
        missing.append("it has no verdicts.json, which would vouch for its cells")
    elif "seal" not in run_directory.read_verdicts(run):
        missing.append("it is from before evidence had digests")
    return f"{run.name}: nothing vouches for its evidence: {missing[0]}" if missing else ""
