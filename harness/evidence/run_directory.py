"""The run directory: made, found again, and the files in it (README, "Results", documents every key)."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from harness.errors import Damaged, LabError, UsageError
from harness.evidence import json_file
from harness.evidence.schema import CellRecord, EnvironmentFile, FailureRow, KernelRow, OptionsRow, Row, VerdictsFile
from harness.linux import releases
from harness.paths import RUNS

SCHEMA = 1
QUESTION = "question.json"
# A cell's directory: experiment, settings and kernel (Cell.name of harness/run/cell.py). It leads nowhere else.
CELL = re.compile(r"[A-Za-z0-9][\w .,:+=@~-]{0,250}")


def create(parent: Path, kernel: str, what: str) -> Path:
    """Makes a new directory for a run: time, kernel, name. Raises LabError where nothing can be written."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = re.sub(r"[^\w.+-]+", "-", f"{stamp}-{kernel}-{what}")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):  # two runs may start in the same second
            path = parent / (name if number == 1 else f"{name}.{number}")
            try:
                path.mkdir(0o700)  # evidence tells of the host
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
    """Gives the directory of a cell. Raises UsageError for a name that could lead elsewhere: a directory of that name is
    removed before a cell is run anew."""
    if not CELL.fullmatch(name):
        raise UsageError(f"cell {ascii(name)[:80]}", "it is no name of a cell", "see the names of its experiment and kernel")
    return run / "experiments" / name


def source_directory(run: Path, name: str) -> Path:
    """Names where a run keeps an experiment that is not the catalogue's: its question as data, and its source."""
    return run / "sources" / name


def cells_here(run: Path) -> list[str]:
    """Names the directories of cells that a run has."""
    cells = run / "experiments"
    return sorted(names_of_cells((one.name for one in cells.glob("*") if one.is_dir() and one.name[0] != "."), cells))


def names_of_cells(found: Iterable[str], path: Path) -> list[str]:
    """Gives names of cells that a file lists. Raises Damaged for one that is no cell's name."""
    names = list(found)
    for name in names:
        if not CELL.fullmatch(name):
            raise Damaged(str(path), f"{ascii(name)[:80]} is no name of a cell", "remove it, or restore it from a copy")
    return names


def environment(
    kernel_rows: Sequence[KernelRow], options: OptionsRow, qemu: str, cells: Sequence[str] | None = None
) -> EnvironmentFile:
    """Gives what a stranger needs to know of the host, the tools and the kernels to judge again. cells: all that are planned."""
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
        **({} if cells is None else {"cells": list(cells)}),
    }


def write_environment(run: Path, content: EnvironmentFile) -> None:
    json_file.write(run / "environment.json", json_file.sealed(content))


def read_environment(run: Path) -> EnvironmentFile:
    """Reads environment.json of a run; empty without one: the recordings have the machine and the settings too. Raises
    Damaged for one that is not as it was written."""
    path = run / "environment.json"
    try:
        found = json_file.read(
            path, EnvironmentFile, SCHEMA, "restore it from a copy, or write {} into it to go on without what it says"
        )
    except FileNotFoundError:
        return {}
    names_of_cells(found.get("cells", ()), path)
    return found


def write_cell(directory: Path, content: CellRecord) -> None:
    """Writes cell.json, and enters its seal into the content."""
    whole = json_file.sealed(content)
    json_file.write(directory / "cell.json", whole)
    content["seal"] = whole[json_file.SEAL]


def read_cell(directory: Path) -> CellRecord:
    """Reads cell.json. Raises UsageError for a directory without one, Damaged for one that is not as it was written."""
    path = directory / "cell.json"
    try:
        found = json_file.read(path, CellRecord, SCHEMA, "restore it from a copy, or run the experiment again")
    except FileNotFoundError:
        raise UsageError(f"cell {directory}", "it has no cell.json", "name the run's directory") from None
    try:
        releases.checked(found["kernel"], "kernel")
    except UsageError as error:
        raise Damaged(str(path), str(error), "restore it from a copy") from error
    if found["series"] != releases.series(found["kernel"]) or not CELL.fullmatch(found["experiment"]):
        raise Damaged(str(path), "its series or experiment is none", "restore it from a copy")
    return found


def document(
    run: Path, rows: Sequence[Row], failures: Sequence[FailureRow], cells: Mapping[str, str] | None = None
) -> VerdictsFile:
    """Gives what verdicts.json holds. cells: cell → the seal of its cell.json; None where rows of several runs stand
    together."""
    found: VerdictsFile = {
        "schema": SCHEMA,
        "run": run.name,
        "arch": ", ".join(sorted({row["arch"] for row in rows if "arch" in row})) or platform.machine(),
        "errors": list(failures),
        "verdicts": list(rows),
    }
    if cells is not None:
        found["cells"] = dict(sorted(cells.items()))
    return found


def as_text(content: VerdictsFile) -> str:
    """Gives the text of verdicts.json."""
    return json_file.render(json_file.sealed(content))


def write_verdicts(run: Path, content: VerdictsFile) -> None:
    json_file.write(run / "verdicts.json", json_file.sealed(content))


def read_verdicts(run: Path) -> VerdictsFile:
    """Reads verdicts.json. Raises UsageError for a run without verdicts, Damaged for a file that is not as it was written."""
    path = run / "verdicts.json"
    try:
        found = json_file.read(path, VerdictsFile, SCHEMA, "delete it: `invoke report` makes one from the evidence")
    except FileNotFoundError:
        raise UsageError(f"run {run}", "it has no verdicts.json", "`invoke report` makes one from its evidence") from None
    names_of_cells(found.get("cells", ()), path)
    return found


def entered_cells(run: Path) -> dict[str, str]:
    """Reads which cells verdicts.json vouches for: cell → the seal of its cell.json; empty where there is none, or an old one."""
    return read_verdicts(run).get("cells", {}) if (run / "verdicts.json").exists() else {}
