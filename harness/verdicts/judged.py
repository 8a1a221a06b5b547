"""The run directory: made, found again, and the verdicts in it (README, "Results", documents every key)."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness import catalogue
from harness.claims import as_data
from harness.claims.claim import Experiment
from harness.claims.limits import Limits
from harness.errors import LabError, UsageError
from harness.evidence import integrity, recording
from harness.evidence.recording import Trial
from harness.evidence.run_directory import QUESTION, read_cell, source_directory
from harness.evidence.schema import BoundsRow, CellRecord, FailureRow, Row
from harness.printable import harmless
from harness.verdicts import judge, knobs, noise
from harness.verdicts.judge import Verdict


@dataclass(frozen=True)
class Outcome:
    """What came of a cell: rows of verdicts.json, entries of its `errors`; absent: why it has neither."""

    directory: Path
    cell: CellRecord
    experiment: Experiment
    rows: list[Row]
    failures: list[FailureRow]
    absent: str = ""


@dataclass(frozen=True)
class Judged:
    """A cell judged from its directory, with the evidence that it came from (some 10 MB)."""

    outcome: Outcome
    trials: list[Trial]
    verdicts: list[Verdict]

    @property
    def directory(self) -> Path:
        return self.outcome.directory

    @property
    def cell(self) -> CellRecord:
        return self.outcome.cell

    @property
    def experiment(self) -> Experiment:
        return self.outcome.experiment

    @property
    def rows(self) -> list[Row]:
        return self.outcome.rows

    @property
    def failures(self) -> list[FailureRow]:
        return self.outcome.failures


def judge_cell(directory: Path, as_recorded: bool = False, cell: CellRecord | None = None) -> Judged:
    """Judges a cell from its directory alone; by the bounds of the run with `as_recorded`.

    cell: instead of what cell.json says. Raises UsageError for a directory that is none, or whose experiment the
    catalogue does not have any more.
    """
    cell = cell or read_cell(directory)
    return judge_trials(directory, cell, experiment_of(directory, cell), as_recorded)


def experiment_of(directory: Path, cell: CellRecord) -> Experiment:
    """Finds the experiment of a cell: of one that is not the catalogue's, as its file has it now, if a folder or package
    with it was named, else as the run has kept it, as data. Raises UsageError where there is neither."""
    name, found = cell["experiment"], catalogue.get(cell["experiment"])
    if not cell.get("origin"):
        return found if found and not found.origin else catalogue.find(name)[0]
    if found and found.origin:
        return found
    question = source_directory(directory.parent.parent, name) / QUESTION
    try:
        text = question.read_bytes()
        if as_data.digest(text) != cell.get("question"):
            reason = "it is another question than the one that was run: its digest is not that of cell.json"
            raise LabError(str(question), reason, "take the run's directory from where it was made")
        return as_data.Reader(cell.get("computed", [])).experiment(json.loads(text))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"experiment {name} ({cell['origin']})",
            f"it is not of the catalogue, and the run has no readable {question}",
            "name the folder of its file with --experiments",
        ) from error


def kept_question(run: Path, name: str) -> Experiment | None:
    """Gives the question that a run has kept of an experiment, without the numbers that its functions computed; None where it
    has none that can be read."""
    try:
        return as_data.Reader([]).experiment(json.loads((source_directory(run, name) / QUESTION).read_bytes()))
    except (OSError, ValueError, LabError):
        return None


def judge_trials(directory: Path, cell: CellRecord, experiment: Experiment, as_recorded: bool = False) -> Judged:
    failures = failures_of(cell) or [
        failure(cell, what) for what in islice(integrity.faults(directory, cell, experiment.arms), integrity.LISTED)
    ]
    trials = recording.read_trials(directory) if cell["failures"] or not failures else []
    failures = failures or [
        failure(cell, what) for what in islice(integrity.unfinished(trials, cell, experiment.arms), integrity.LISTED)
    ]
    absent = next(
        (recording.end["reason"] for trial in trials for recording in trial.arms.values() if recording.end["status"] == "absent"),
        None,
    )
    found: list[Verdict] = []
    rows: list[Row] = []
    if not failures and absent is None:
        bounds = recorded_bounds(cell) if as_recorded else None
        try:
            found = judge.judge(experiment, trials, bounds, cell["trials"], noise.floor_of(cell))
            rows = [row(one, cell, trials) for one in found]
            for trial in trials:
                for read in trial.arms.values():
                    read.made.clear()  # the events of traces, 100 MB of some cells: hardly a picture asks for them again
        except LabError as error:
            failures, found = [failure(cell, str(error))], []
        except Exception as error:  # a judge that stumbles says nothing of the claim
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            said = f"its evidence can't be judged: {type(error).__name__}: {error} ({where})"
            failures, found = [failure(cell, harmless(" ".join(said.split()))[:400])], []
    if failures and cell["version"] != experiment.version:
        of = f" (version {cell['version']} of {experiment.name} recorded it, the catalogue has {experiment.version})"
        failures = [{**one, "what": one["what"] + of} for one in failures]
    if failures and not cell["failures"]:
        trials = []  # what is not as it was written, or not whole, is shown no more than it is judged
    return Judged(Outcome(directory, cell, experiment, rows, failures, absent or ""), trials, found)


def failure(cell: CellRecord, what: str) -> FailureRow:
    return {"experiment": cell["experiment"], "kernel": cell["kernel"], "what": what}


def failures_of(cell: CellRecord) -> list[FailureRow]:
    """Gives what broke while the cell was run."""
    return [failure(cell, what) for what in cell["failures"]]


def recorded_bounds(cell: CellRecord) -> judge.Recorded:
    return {(one["claim"], one["quantity"]): (Limits(*one["if_true"]), Limits(*one["if_false"])) for one in cell["bounds"]}


def bounds_of(found: Sequence[Verdict]) -> list[BoundsRow]:
    """Gives the bounds by which a run was judged, for `--as-recorded`: of the first trial that has them."""
    rows: list[BoundsRow] = []
    for verdict in found:
        for expect, readings in verdict.readings:
            first = next((reading for reading in readings if reading.if_true and reading.if_false), None)
            if first and first.if_true and first.if_false:
                rows.append(
                    {
                        "claim": verdict.claim.id,
                        "quantity": expect.quantity.name,
                        "if_true": first.if_true.ends,
                        "why_true": expect.if_true.why,
                        "if_false": first.if_false.ends,
                        "why_false": expect.if_false.why,
                    }
                )
    return rows


def row(verdict: Verdict, cell: CellRecord, trials: Sequence[Trial]) -> Row:
    """Gives a verdict as the contract wants it; the machine as the first recording has it, the settings as they stood when
    the claim was decided."""
    start = next((recording.start for trial in trials for recording in trial.arms.values() if recording.start), {})
    appended = {"append": cell["append"]} if cell.get("append") else {}
    pinned = {
        name: value for name, value in {**cell["axis"], **start.get("settings", {}), **appended}.items() if value is not None
    }
    settings = knobs.at_decision(verdict.experiment, verdict.claim, trials, pinned)
    machine = start.get("machine", {})
    known = verdict.claim.known_answer(cell["series"], settings)
    found: Row = {
        "claim": verdict.claim.id,
        "experiment": verdict.experiment.name,
        "version": verdict.experiment.version,
        "kind": verdict.claim.kind,
        "verdict": verdict.verdict,
        "known": known.verdict if known else None,
        "predicted": known.predicted if known else None,
        "kernel": machine.get("release", cell["kernel"]),
        "series": cell["series"],
        "config": cell["config"],
        "machine": machine.get("name", cell.get("machine", "vm")),
        "accelerator": machine.get("accelerator", cell["accelerator"]),
        "settings": settings,
        "repeated": len(cell.get("earlier", [])),
        "turned": knobs.turned(trials),
        "trials": verdict.trials,
        "valid": verdict.valid,
        "boots": verdict.boots,
        "quantities": verdict.quantities(),
        "references": verdict.references(),
        "guards": verdict.guards,
        "why": verdict.why,
        "seconds": cell["seconds"],
    }
    if verdict.besides:
        found["besides"] = verdict.besides
    if "memory" in machine:
        found["memory_total"] = machine["memory"]
    if "arch" in machine and "page_size" in machine:
        found |= {"arch": machine["arch"], "page_size": machine["page_size"]}
    if verdict.experiment.origin:
        found["origin"] = verdict.experiment.origin
    return found
