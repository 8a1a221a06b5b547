"""The ledger of a run: which of its cells are finished, so that an interrupted run goes on where it stood.

A cell is finished by one write: cell.json, whole or not at all, with its verdicts, and each recording with its size.
What comes before that write does not count, however the run ended.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import catalogue
from harness.claims import as_data
from harness.claims.claim import UNDECIDED
from harness.errors import LabError, UsageError
from harness.evidence import json_file, recording
from harness.evidence.schema import AttemptRow, CellRecord, Plan
from harness.verdicts import judged as judged_
from harness.verdicts import noise
from harness.verdicts.judged import Judged, Outcome, bounds_of

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
    json_file.write(directory / "cell.json", planned)


def finish(judged: Judged) -> Outcome:
    """Enters a judged cell: from now on it is not run again. Its evidence can be forgotten."""
    outcome = judged.outcome
    outcome.cell["bounds"] = bounds_of(judged.verdicts)
    outcome.cell["absent"] = outcome.absent
    if outcome.experiment.origin:
        outcome.cell["computed"] = as_data.values(outcome.experiment, judged.trials, noise.floor_of(outcome.cell))
    if outcome.failures == judged_.failures_of(outcome.cell):  # else its judge broke: it has no verdict yet
        outcome.cell["verdicts"] = outcome.rows
    outcome.cell["recordings"] = recordings(outcome.directory)
    json_file.write(outcome.directory / "cell.json", outcome.cell)
    return outcome


def recordings(directory: Path) -> dict[str, int]:
    """Maps name → size in bytes of a cell's recordings."""
    return {path.name: path.stat().st_size for path in sorted(directory.glob(f"trial-*{recording.SUFFIX}"))}


def finished(directory: Path, planned: CellRecord) -> Outcome | None:
    """Gives what came of a cell that is finished as it is planned now; None if it has to be run (again).

    A cell has to be run again that broke (it has no verdict), and one whose experiment, kernel, settings or recordings are
    others now.
    """
    try:
        cell: CellRecord = json.loads((directory / "cell.json").read_text())
        if (
            any(cell.get(key) != planned.get(key) for key in IDENTITY)
            or "verdicts" not in cell
            or cell["failures"]
            or cell["recordings"] != recordings(directory)
        ):
            return None
    except (OSError, ValueError, KeyError):
        return None
    return Outcome(directory, cell, catalogue.load()[cell["experiment"]], cell["verdicts"], [], cell["absent"])


def undecided(outcome: Outcome) -> bool:
    """Says whether a claim of a finished cell is undecided."""
    return any(row["verdict"] == UNDECIDED for row in outcome.rows)


def earlier(directory: Path, planned: CellRecord) -> tuple[AttemptRow, ...]:
    """Lists what attempts at a cell, as it is planned now, came to before it is run again because one of its claims was
    undecided; the last one too, if it was so."""
    try:
        cell: CellRecord = json.loads((directory / "cell.json").read_text())
        if any(cell.get(key) != planned.get(key) for key in IDENTITY):
            return ()
        rows = [] if cell.get("failures") else cell.get("verdicts", [])
        last: list[AttemptRow] = [
            {"verdicts": {row["claim"]: row["verdict"] for row in rows}, "why": {row["claim"]: row["why"] for row in rows}}
        ]
        return (*cell.get("earlier", []), *(last if any(row["verdict"] == UNDECIDED for row in rows) else []))
    except (OSError, ValueError, KeyError):
        return ()


@contextmanager
def held(run: Path) -> Iterator[None]:
    """Keeps a run for this process. Raises UsageError where another one is at it."""
    with open(run / ".lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"run {run.name}", "another process is at it", "wait for it, or use --again") from None
        yield


def find(parent: Path, plan: Plan) -> Path | None:
    """Finds the newest run that was started with the same plan, finished or not."""
    for path in sorted(parent.glob("*/environment.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            if json.loads(path.read_text())["options"].get("plan") == plan:
                return path.parent
        except (OSError, ValueError, KeyError):
            continue
    return None
