"""The ledger of a run: which of its cells are finished, so that an interrupted run goes on where it stood.

A cell is finished by one write: cell.json, whole or not at all, with its verdicts, and each recording with its size.
What comes before that write does not count, however the run ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness import cache, catalogue
from harness.claims import as_data
from harness.claims.claim import UNDECIDED
from harness.errors import Damaged, LabError, UsageError
from harness.evidence import integrity, run_directory
from harness.evidence.schema import AttemptRow, CellRecord, Plan
from harness.verdicts import judged as judged_
from harness.verdicts import noise
from harness.verdicts.judged import Judged, Outcome, bounds_of

LOCK = ".lock"  # of a run that a process is at
# What makes a cell the one that is wanted: procedure and bounds, kernel, setting, trials.
IDENTITY = (
    "schema",
    "experiment",
    "version",
    "source",
    "axis",
    "sets",
    "append",
    "trials",
    "kernel",
    "image",
    "config",
    "accelerator",
    "fresh",
)


def begin(directory: Path, planned: CellRecord) -> None:
    """Makes room for a cell: what an earlier attempt left is no evidence. Raises LabError where it can't be made."""
    shutil.rmtree(directory, ignore_errors=True)
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise LabError(
            f"cell {directory}", error.strerror or "can't be made", "free some room or name another --results"
        ) from error
    run_directory.write_cell(directory, planned)


def finish(judged: Judged) -> Outcome:
    """Enters a judged cell: from now on it is not run again. Its evidence can be forgotten."""
    outcome = judged.outcome
    outcome.cell["bounds"] = bounds_of(judged.verdicts)
    outcome.cell["absent"] = outcome.absent
    if outcome.experiment.origin:
        outcome.cell["computed"] = as_data.values(outcome.experiment, judged.trials, noise.floor_of(outcome.cell))
    if outcome.failures == judged_.failures_of(outcome.cell):  # else its judge broke: it has no verdict yet
        outcome.cell["verdicts"] = outcome.rows
    integrity.enter_recordings(outcome.directory, outcome.cell)
    run_directory.write_cell(outcome.directory, outcome.cell)
    return outcome


def is_as_planned(cell: CellRecord, planned: CellRecord) -> bool:
    """Says whether a cell's record is of the cell that is planned now: procedure and bounds, kernel, setting, trials."""
    return all(cell.get(key) == planned.get(key) for key in IDENTITY)


def finished(directory: Path, planned: CellRecord, entered: str | None = None) -> Outcome | str:
    """Gives what came of a cell that is finished as it is planned now; else why it has to be run again, "" for one that only
    was never finished.

    A cell has to be run again that broke (it has no verdict), and one whose experiment, kernel, settings or recordings are
    others now. entered: the seal that verdicts.json has of its cell.json, if it has one.
    """
    try:
        cell = run_directory.read_cell(directory)
    except Damaged as error:
        return str(error)
    except UsageError:
        return ""
    if not is_as_planned(cell, planned) or "verdicts" not in cell or cell["failures"]:
        return ""
    experiment = catalogue.experiment(cell["experiment"])
    if entered is not None and cell.get("seal") != entered:
        return "its cell.json is another than the one that the run's verdicts.json has the seal of"
    fault = next(integrity.faults(directory, cell, experiment.arms), "")
    return fault or Outcome(directory, cell, experiment, cell["verdicts"], [], cell.get("absent", ""))


def undecided(outcome: Outcome) -> bool:
    """Says whether a claim of a finished cell is undecided."""
    return any(row["verdict"] == UNDECIDED for row in outcome.rows)


def earlier(directory: Path, planned: CellRecord) -> tuple[AttemptRow, ...]:
    """Lists what attempts at a cell, as it is planned now, came to before it is run again because one of its claims was
    undecided; the last one too, if it was so."""
    try:
        cell = run_directory.read_cell(directory)
    except (Damaged, UsageError):
        return ()
    if not is_as_planned(cell, planned):
        return ()
    rows = [] if cell["failures"] else cell.get("verdicts", [])
    last: list[AttemptRow] = [
        {"verdicts": {row["claim"]: row["verdict"] for row in rows}, "why": {row["claim"]: row["why"] for row in rows}}
    ]
    return (*cell.get("earlier", []), *(last if any(row["verdict"] == UNDECIDED for row in rows) else []))


@contextmanager
def held(run: Path) -> Iterator[None]:
    """Keeps a run for this process; who is killed leaves its lock behind, which nobody holds. Raises UsageError where another
    one is at it."""
    path = run / LOCK
    with open(path, "a") as file:
        if not cache.locked(file.fileno(), path):
            raise UsageError(f"run {run.name}", "another process is at it", "wait for it, or use --again")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def sweep(parent: Path) -> None:
    """Removes what killed runs have left half made in their directories. Their evidence stays."""
    for lock in parent.glob(f"*/{LOCK}"):
        with suppress(OSError, UsageError), held(lock.parent):
            for path in list(lock.parent.rglob(".*.new")):
                cache.remove(path)


def find(parent: Path, plan: Plan) -> Path | None:
    """Finds the newest run that was started with the same plan, finished or not."""
    for path in sorted(parent.glob("*/environment.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            if run_directory.read_environment(path.parent).get("options", {}).get("plan") == plan:
                return path.parent
        except Damaged:
            continue
    return None
