"""One trial of an experiment, sound or broken, on one kernel, and whether anything notices that it is broken.

Noticed means: of a claim that the sound experiment decides, the verdict is another one or none, or the trial breaks. A number
that changes and leaves every verdict as it was is not noticed.
"""

from __future__ import annotations

import functools
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from harness import catalogue
from harness.claims.claim import DECIDED, SKIPPED, Experiment
from harness.errors import LabError
from harness.evidence.recording import SUFFIX
from harness.evidence.run_directory import cell_directory, read_cell, write_cell
from harness.lab.lab import Lab
from harness.machine.kernels.kernel import Kernel
from harness.run.cell import Cell, cells, describe
from harness.run.options import RunOptions
from harness.run.trial import run_arms
from harness.verdicts.judge import Verdict
from harness.verdicts.judged import Judged, judge_trials
from harness.verdicts.reading import Reading

VERDICT, REFERENCE, GUARD, RANGES, READING, NO_RUN, BROKEN = (
    "the verdict",
    "a reference",
    "a guard",
    "neither range",
    "a missing reading",
    "skipped",
    "the trial breaks",
)
# How a mutant is noticed, what tells most first.
WAYS = (VERDICT, REFERENCE, GUARD, RANGES, READING, NO_RUN, BROKEN)
PATIENCE = 60.0  # seconds that a broken procedure gets beside what the sound one took three times over


@dataclass(frozen=True)
class Notice:
    """Who noticed a mutant (one of WAYS), and what was said."""

    way: str
    why: str


@dataclass(frozen=True)
class Sound:
    """An experiment as it is, run once: its cell and evidence, the verdicts of the claims that it decides, and how many
    seconds the procedures of all its arms took."""

    cell: Cell
    directory: Path
    verdicts: Mapping[str, str]
    seconds: float


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raises LabError in this thread, the main one, once so many seconds have passed."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise LabError("procedure", f"it has not come to its end after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def limited(procedure: Callable[[Lab], None], seconds: float) -> Callable[[Lab], None]:
    """Gives a procedure an end: what is left out of a loop may be what ends it."""

    @functools.wraps(procedure)
    def run(lab: Lab) -> None:
        with _alarm(seconds):
            procedure(lab)

    return run


def run(cell: Cell, directory: Path) -> Judged:
    """Runs one trial of a cell into a directory that is made anew, and judges it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    row = describe(cell)
    status, reason = run_arms(cell, 1, directory)
    row["failures"] = [reason] if status == "broken" else []
    write_cell(directory, row)
    return judge_trials(directory, row, cell.experiment)


def seconds_of(judged: Judged) -> float:
    """Sums what the procedures of a cell's arms took."""
    events = [event for trial in judged.trials for arm in trial.arms.values() for event in arm.events]
    return sum(float(event["seconds"]) for event in events if event["event"] == "cost")


def decided(judged: Judged) -> dict[str, str]:
    """Maps claim → verdict, of those that are confirmed or refuted."""
    return {one.claim.id: one.verdict for one in judged.verdicts if one.verdict in DECIDED}


def borrow(experiment: Experiment, kernel: Kernel, accelerator: str, recorded: Path, run_of: Path) -> bool:
    """Copies the first trial of an experiment's cells from a run that has them of the same source, on the same kernel; says
    whether there was any."""
    found = False
    for cell in cells(experiment, kernel, RunOptions(trials=1), accelerator):
        theirs, ours = cell_directory(recorded, cell.name), cell_directory(run_of, cell.name)
        if (theirs / "cell.json").exists() and read_cell(theirs)["source"] == catalogue.source_digest(experiment):
            shutil.rmtree(ours, ignore_errors=True)
            ours.mkdir(parents=True)
            for path in [*theirs.glob(f"trial-1{SUFFIX}"), *theirs.glob(f"trial-1.*{SUFFIX}")]:
                shutil.copy(path, ours / path.name)
                found = True
    return found


def sound(experiment: Experiment, kernel: Kernel, accelerator: str, run_of: Path, kept: bool) -> Sound | str:
    """Runs an experiment as it is, under the first of its settings in which a trial decides a claim; says why there is none.

    kept: evidence that an earlier session left in the run's directory is judged, not made again.
    """
    why = "no claim is decided"
    for cell in cells(experiment, kernel, RunOptions(trials=1), accelerator):
        directory = cell_directory(run_of, cell.name)
        judged = judge_trials(directory, describe(cell), experiment) if kept and any(directory.glob(f"*{SUFFIX}")) else None
        if judged is None or not decided(judged):
            judged = run(cell, directory)
        if found := decided(judged):
            return Sound(cell, directory, found, seconds_of(judged))
        why = next(iter([*(one["what"] for one in judged.failures), *(one.why for one in judged.verdicts)]), why)
    return why


def mutated(before: Sound, experiment: Experiment, directory: Path, judged_only: bool) -> Notice | None:
    """Runs or judges a mutant of an experiment that was run as it is: who notices it, None if nobody does."""
    limit = PATIENCE + 3 * before.seconds
    try:
        if judged_only:
            found = judge_trials(before.directory, describe(before.cell), experiment)
        else:
            broken = replace(experiment, procedure=limited(experiment.procedure, limit), needs=before.cell.experiment.needs)
            found = run(replace(before.cell, experiment=broken), directory)
    except LabError:
        raise
    except Exception as error:  # whatever a broken quantity raises: nothing is judged then
        return Notice(BROKEN, f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return noticed(before.verdicts, found)


def noticed(before: Mapping[str, str], found: Judged) -> Notice | None:
    """Says who noticed, of the claims that were decided before."""
    if found.failures:
        return Notice(BROKEN, found.failures[0]["what"])
    if found.outcome.absent:
        return Notice(NO_RUN, found.outcome.absent)
    notices = [notice for one in found.verdicts if one.claim.id in before and (notice := _of_claim(before[one.claim.id], one))]
    return min(notices, key=lambda one: WAYS.index(one.way), default=None)


def _of_claim(before: str, now: Verdict) -> Notice | None:
    if now.verdict == before:
        return None
    if now.verdict in DECIDED:
        return Notice(VERDICT, f"{now.claim.id} {before} → {now.verdict}: {now.why}")
    if now.verdict == SKIPPED:
        return Notice(NO_RUN, now.why)
    ways = [_missed(reading) for _, readings in now.readings for reading in readings if reading.outcome is None]
    way = GUARD if now.guards else min(ways, key=WAYS.index, default=READING)
    return Notice(way, f"{now.claim.id}: {now.why}")


def _missed(reading: Reading) -> str:
    """Says what stood in the way of a reading that decides nothing."""
    missing: tuple[Any, ...] = (reading.value, reading.reads_true, reading.reads_false, reading.if_true, reading.if_false)
    if any(one is None for one in missing) or not reading.if_true or not reading.if_false:
        return READING
    true, false = reading.reads_true, reading.reads_false
    references = (true is not None and reading.if_true.holds(true)) and (false is not None and reading.if_false.holds(false))
    return RANGES if references else REFERENCE
