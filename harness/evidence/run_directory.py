"""The run directory: made, found again, and the files in it (README, "Results", documents every key)."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from harness.errors import LabError, UsageError
from harness.evidence import json_file
from harness.evidence.schema import CellRecord, EnvironmentFile, FailureRow, KernelRow, OptionsRow, Row, VerdictsFile

RUNS = Path("results/runs")
SCHEMA = 1
QUESTION = "question.json"


def create(parent: Path, kernel: str, what: str) -> Path:
    """Makes a new directory for a run: time, kernel, name. Raises LabError where nothing can be written."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = re.sub(r"[^\w.+-]+", "-", f"{stamp}-{kernel}-{what}")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):  # two runs may start in the same second
            path = parent / (name if number == 1 else f"{name}.{number}")
            try:
                path.mkdir()
                return path
            except FileExistsError:
                continue
    except OSError as error:
        raise LabError(
            f"results directory {parent}", error.strerror or "can't be written", "name another with --results"
        ) from error
    raise LabError(f"results directory {parent}", "a thousand runs in one second", "wait one")


def find(run: str, parent: Path = RUNS) -> Path:
    """Finds a run by its directory, its id, or `latest`. Raises UsageError for one that is not there."""
    if run == "latest":
        runs = (path.parent for path in parent.glob("*/environment.json"))
        found = sorted(
            (path for path in runs if (path / "verdicts.json").exists()),
            key=lambda path: (path / "verdicts.json").stat().st_mtime,
        )
        if not found:
            raise UsageError("run latest", f"there is no run in {parent}", "start with `invoke run-experiment`")
        return found[-1]
    for path in (Path(run), parent / run):
        if (path / "environment.json").exists():
            return path
    raise UsageError(f"run {run!r}", "there is no such run directory or id", f"`ls {parent}` lists them")


def cell_directory(run: Path, name: str) -> Path:
    return run / "experiments" / name


def source_directory(run: Path, name: str) -> Path:
    """Names where a run keeps an experiment that is not the catalogue's: its question as data, and its source."""
    return run / "sources" / name


def environment(kernel_rows: Sequence[KernelRow], options: OptionsRow, qemu: str) -> EnvironmentFile:
    """Gives what a stranger needs to know of the host, the tools and the kernels to judge again."""
    return {
        "schema": SCHEMA,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "host": {
            "release": platform.release(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
            "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "load": os.getloadavg(),
        },
        "versions": {"python": platform.python_version(), "qemu": qemu, "libc": " ".join(platform.libc_ver())},
        "kernels": list(kernel_rows),
        "options": options,
    }


def read_environment(run: Path) -> EnvironmentFile:
    """Reads environment.json of a run; empty without one: the recordings have the machine and the settings too."""
    try:
        found: EnvironmentFile = json.loads((run / "environment.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def read_cell(directory: Path) -> CellRecord:
    """Reads cell.json. Raises UsageError for a directory without one."""
    try:
        found: CellRecord = json.loads((directory / "cell.json").read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"cell {directory}", "it has no readable cell.json", "name the run's directory") from error
    return found


def document(run: Path, rows: Sequence[Row], failures: Sequence[FailureRow]) -> VerdictsFile:
    """Gives what verdicts.json holds."""
    return {"schema": SCHEMA, "run": run.name, "arch": platform.machine(), "errors": list(failures), "verdicts": list(rows)}


def as_text(run: Path, rows: Sequence[Row], failures: Sequence[FailureRow]) -> str:
    return json_file.render(document(run, rows, failures))


def write_verdicts(run: Path, rows: Sequence[Row], failures: Sequence[FailureRow]) -> None:
    json_file.write(run / "verdicts.json", document(run, rows, failures))


def read_verdicts(run: Path) -> VerdictsFile:
    """Reads verdicts.json. Raises UsageError for a run without verdicts."""
    try:
        found: VerdictsFile = json.loads((run / "verdicts.json").read_text())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"run {run}", "it has no readable verdicts.json", "`invoke report` makes one from its evidence"
        ) from error
    return found
