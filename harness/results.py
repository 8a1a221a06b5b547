"""The run directory: made, found again, and the verdicts in it (README, "Results", documents every key)."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import catalogue, errors, evidence, noise, verdicts
from harness.claims import SKIPPED, UNDECIDED, Experiment
from harness.errors import LabError, UsageError
from harness.evidence import Trial
from harness.verdicts import Limits, Verdict

RUNS = Path("results/runs")
SCHEMA = 1


def create(parent: Path, kernel: str, what: str) -> Path:
    """A new directory for a run: time, kernel, name. Raises LabError where nothing can be written."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = re.sub(r"[^\w.+-]+", "-", f"{stamp}-{kernel}-{what}")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):       # two runs may start in the same second
            path = parent / (name if number == 1 else f"{name}.{number}")
            try:
                path.mkdir()
                return path
            except FileExistsError:
                continue
    except OSError as error:
        raise LabError(f"results directory {parent}", error.strerror or "can't be written",
                       "name another with --results") from error
    raise LabError(f"results directory {parent}", "a thousand runs in one second", "wait one")


def find(run: str, parent: Path = RUNS) -> Path:
    """A run by its directory, its id, or `latest`. Raises UsageError for one that is not there."""
    if run == "latest":
        runs = (path.parent for path in parent.glob("*/environment.json"))
        found = sorted((path for path in runs if (path / "verdicts.json").exists()),
                       key=lambda path: (path / "verdicts.json").stat().st_mtime)
        if not found:
            raise UsageError("run latest", f"there is no run in {parent}", "start with `invoke run-experiment`")
        return found[-1]
    for path in (Path(run), parent / run):
        if (path / "environment.json").exists():
            return path
    raise UsageError(f"run {run!r}", "there is no such run directory or id", f"`ls {parent}` lists them")


def cell_directory(run: Path, name: str) -> Path:
    return run / "experiments" / name


def environment(kernel_rows: Sequence[dict[str, Any]], options: dict[str, Any], qemu: str) -> dict[str, Any]:
    """What a stranger needs to know of the host, the tools and the kernels to judge again."""
    return {"schema": SCHEMA, "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "host": {"release": platform.release(), "machine": platform.machine(), "cpus": os.cpu_count(),
                     "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "load": os.getloadavg()},
            "versions": {"python": platform.python_version(), "qemu": qemu, "libc": " ".join(platform.libc_ver())},
            "kernels": list(kernel_rows), "options": options}


def describe_cell(experiment: Experiment, axis: dict[str, str], trials: int, kernel: dict[str, Any],
                  accelerator: str) -> dict[str, Any]:
    """cell.json before its trials: what was planned, on what (by digest, so that it can be told from another)."""
    return {"schema": SCHEMA, "experiment": experiment.name, "version": experiment.version,
            "source": catalogue.source_digest(experiment), "axis": axis, "trials": trials, "kernel": kernel["release"],
            "series": kernel["series"], "config": kernel["config"], "image": kernel.get("digest"),
            "package": kernel.get("source"), "accelerator": accelerator, "seconds": None, "failures": [], "bounds": [],
            "noise": noise.published(kernel["series"])}


@dataclass(frozen=True)
class Outcome:
    """What came of a cell: rows of verdicts.json, entries of its `errors`; absent: why it has neither."""

    directory: Path
    cell: dict[str, Any]
    experiment: Experiment
    rows: list[dict[str, Any]]
    failures: list[dict[str, Any]]
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
    def cell(self) -> dict[str, Any]:
        return self.outcome.cell

    @property
    def experiment(self) -> Experiment:
        return self.outcome.experiment

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.outcome.rows

    @property
    def failures(self) -> list[dict[str, Any]]:
        return self.outcome.failures


def read_cell(directory: Path) -> dict[str, Any]:
    """cell.json. Raises UsageError for a directory without one."""
    try:
        found: dict[str, Any] = json.loads((directory / "cell.json").read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"cell {directory}", "it has no readable cell.json", "name the run's directory") from error
    return found


def judge_cell(directory: Path, as_recorded: bool = False, cell: dict[str, Any] | None = None) -> Judged:
    """Judges a cell from its directory alone; by the bounds of the run with `as_recorded`.

    cell: instead of what cell.json says. Raises UsageError for a directory that is none, or whose experiment the
    catalogue does not have any more.
    """
    cell = cell or read_cell(directory)
    experiment, _ = catalogue.find(cell["experiment"])
    return judge_trials(directory, cell, experiment, as_recorded)


def judge_trials(directory: Path, cell: dict[str, Any], experiment: Experiment, as_recorded: bool = False) -> Judged:
    trials = evidence.read_trials(directory)
    failures = failures_of(cell)
    absent = next((recording.end.get("reason", "") for trial in trials for recording in trial.arms.values()
                   if recording.end["status"] == "absent"), None)
    found: list[Verdict] = []
    if not failures and absent is None:
        found = verdicts.judge(experiment, trials, recorded_bounds(cell) if as_recorded else None, cell["trials"],
                               noise.floor_of(cell))
    rows = [row(one, cell, trials) for one in found]
    return Judged(Outcome(directory, cell, experiment, rows, failures, absent or ""), trials, found)


def failures_of(cell: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"experiment": cell["experiment"], "kernel": cell["kernel"], "what": what} for what in cell["failures"]]


def recorded_bounds(cell: dict[str, Any]) -> verdicts.Recorded:
    return {(one["claim"], one["quantity"]): (Limits(*one["if_true"]), Limits(*one["if_false"]))
            for one in cell["bounds"]}


def bounds_of(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The bounds by which a run was judged, for `--as-recorded`: of the first trial that has them."""
    rows = []
    for verdict in found:
        for expect, readings in verdict.readings:
            first = next((reading for reading in readings if reading.if_true and reading.if_false), None)
            if first and first.if_true and first.if_false:
                rows.append({"claim": verdict.claim.id, "quantity": expect.quantity.name,
                             "if_true": list(astuple(first.if_true)), "why_true": expect.if_true.why,
                             "if_false": list(astuple(first.if_false)), "why_false": expect.if_false.why})
    return rows


def row(verdict: Verdict, cell: dict[str, Any], trials: Sequence[Trial]) -> dict[str, Any]:
    """A verdict as the contract wants it; machine and settings as the first recording has them."""
    start = next((recording.start for trial in trials for recording in trial.arms.values() if recording.start), {})
    appended = {"append": cell["append"]} if cell.get("append") else {}
    settings = {name: value for name, value in {**cell["axis"], **start.get("settings", {}), **appended}.items()
                if value is not None}
    machine = start.get("machine", {})
    return {"claim": verdict.claim.id, "experiment": verdict.experiment.name, "version": verdict.experiment.version,
            "verdict": verdict.verdict, "known": verdict.claim.known_answer(cell["series"], settings),
            "kernel": machine.get("release", cell["kernel"]), "series": cell["series"], "config": cell["config"],
            "machine": machine.get("name", cell.get("machine", "vm")),
            "accelerator": machine.get("accelerator", cell["accelerator"]),
            "settings": settings, "trials": verdict.trials, "valid": verdict.valid, "boots": verdict.boots,
            "quantities": verdict.quantities(), "references": verdict.references(), "guards": verdict.guards,
            "why": verdict.why, "seconds": cell["seconds"]}


def judge_run(run: Path, as_recorded: bool = False) -> Iterator[Judged]:
    """Every cell of a run, judged from disk, one by one: no two of them need be in memory at once."""
    for path in sorted((run / "experiments").glob("*/cell.json")):
        yield judge_cell(path.parent, as_recorded)


def write_json(path: Path, content: Any) -> None:
    """Whole or not at all. Raises LabError where the disk is full."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise LabError(f"results file {path}", error.strerror or "can't be written",
                       "free some room or name another --results") from error


def document(run: Path, rows: Sequence[dict[str, Any]], failures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What verdicts.json holds."""
    return {"schema": SCHEMA, "run": run.name, "arch": platform.machine(), "errors": list(failures),
            "verdicts": list(rows)}


def as_text(run: Path, rows: Sequence[dict[str, Any]], failures: Sequence[dict[str, Any]]) -> str:
    return json.dumps(document(run, rows, failures), indent=1, ensure_ascii=False)


def write_verdicts(run: Path, rows: Sequence[dict[str, Any]], failures: Sequence[dict[str, Any]]) -> None:
    write_json(run / "verdicts.json", document(run, rows, failures))


def read_verdicts(run: Path) -> dict[str, Any]:
    """Raises UsageError for a run without verdicts."""
    try:
        found: dict[str, Any] = json.loads((run / "verdicts.json").read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"run {run}", "it has no readable verdicts.json", "`invoke report` makes one from its evidence"
                         ) from error
    return found


def status(rows: Sequence[dict[str, Any]], failures: Sequence[Any], claim: str | None = None) -> int:
    """The exit status of the contract; with `claim`, only that claim counts."""
    counted = [one for one in rows if claim is None or one["claim"] == claim]
    if failures:
        return errors.BROKEN
    if any(one["verdict"] == UNDECIDED or (one["known"] and one["verdict"] not in {SKIPPED, one["known"]})
           for one in counted):
        return errors.SURPRISE
    if all(one["verdict"] == SKIPPED for one in counted):
        return errors.NOTHING_RAN
    return errors.AS_KNOWN
