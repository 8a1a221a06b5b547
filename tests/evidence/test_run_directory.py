"""The run directory: where a run lies, how it is found again, and what its files may say."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable
from datetime import timezone
from pathlib import Path
from typing import Any

import pytest

from harness import paths
from harness.errors import Damaged, LabError, UsageError
from harness.evidence import json_file, run_directory
from harness.evidence.schema import CellRecord


def cell(**other: Any) -> CellRecord:
    found: dict[str, Any] = {
        "schema": 1,
        "experiment": "made",
        "version": 1,
        "source": None,
        "axis": {},
        "trials": 1,
        "kernel": "6.12.9-made",
        "series": "6.12",
        "config": None,
        "image": None,
        "package": None,
        "accelerator": "tcg",
        "seconds": None,
        "failures": [],
        "bounds": [],
        **other,
    }
    return found  # type: ignore[return-value]


# A new directory.


def test_a_directory_is_named_by_time_kernel_and_question_and_is_private(tmp_path: Path) -> None:
    parent = tmp_path / "results" / "runs"
    path = run_directory.create(parent, "6.12.9+deb13", "tmpfs dropped/../x")
    assert path.parent == parent
    assert re.fullmatch(r"\d{8}T\d{6}Z-6\.12\.9\+deb13-tmpfs-dropped-\.\.-x", path.name)
    assert path.stat().st_mode & 0o777 == 0o700


class Clock:
    """The same second for ever."""

    @staticmethod
    def now(zone: object) -> Clock:
        assert zone is timezone.utc
        return Clock()

    @staticmethod
    def strftime(form: str) -> str:
        assert form == "%Y%m%dT%H%M%SZ"
        return "20261126T071033Z"


def test_runs_of_one_second_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_directory, "datetime", Clock)
    names = [run_directory.create(tmp_path, "6.12", "run").name for _ in range(3)]
    assert names == ["20261126T071033Z-6.12-run", "20261126T071033Z-6.12-run.2", "20261126T071033Z-6.12-run.3"]


def test_a_thousand_runs_in_one_second_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_directory, "datetime", Clock)
    tried: list[Path] = []

    def there(path: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if not exist_ok:
            tried.append(path)
            raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", there)
    with pytest.raises(LabError) as said:
        run_directory.create(tmp_path, "6.12", "run")
    assert str(said.value) == f"results directory {tmp_path}: a thousand runs in one second; wait one"
    assert tried[-1].name == "20261126T071033Z-6.12-run.999"


def test_a_directory_that_can_not_be_made_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = tmp_path / "file" / "runs"
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError) as said:
        run_directory.create(parent, "6.12", "run")
    assert str(said.value) == f"results directory {parent}: Not a directory; name another with --results"

    def refused(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(LabError) as said:
        run_directory.create(tmp_path, "6.12", "run")
    assert str(said.value) == f"results directory {tmp_path}: can't be written; name another with --results"


# A run that is there.


def made(path: Path, *files: str, at: int = 0) -> Path:
    path.mkdir(parents=True)
    for name in files:
        (path / name).write_text("{}")
        os.utime(path / name, (at, at))
    return path


def test_the_latest_run_is_the_one_that_was_judged_last(tmp_path: Path) -> None:
    late = made(tmp_path / "a", "environment.json", "verdicts.json", at=200)
    made(tmp_path / "b", "environment.json", "verdicts.json", at=100)
    made(tmp_path / "e", "environment.json", "verdicts.json", at=150)
    made(tmp_path / "c", "environment.json", at=300)
    made(tmp_path / "d", "verdicts.json", at=400)
    assert run_directory.find("latest", tmp_path) == late


def test_there_is_no_latest_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as said:
        run_directory.find("latest", tmp_path)
    assert str(said.value) == f"run latest: there is no run in {tmp_path}; start with `invoke run-experiment`"


def test_a_run_is_found_by_its_directory_or_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "runs" / "one", "environment.json")
    assert run_directory.find("one", tmp_path / "runs") == path
    assert run_directory.find(str(path), tmp_path) == path
    monkeypatch.chdir(tmp_path)
    made(tmp_path / paths.RUNS / "two", "environment.json")
    assert run_directory.find("two") == paths.RUNS / "two"
    made(tmp_path / "runs" / "three")
    with pytest.raises(UsageError) as said:
        run_directory.find("three", tmp_path / "runs")
    assert str(said.value) == f"run 'three': there is no such run directory or id; `ls {tmp_path / 'runs'}` lists them"


# Names of cells.


def test_the_places_of_a_cell_and_of_a_question() -> None:
    run = Path("run")
    assert run_directory.cell_directory(run, "made@lru=classic@6.12") == run / "experiments" / "made@lru=classic@6.12"
    assert run_directory.source_directory(run, "made") == run / "sources" / "made"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\n", ".hidden", "a" * 252, "x\x1b"])
def test_no_name_of_a_cell_leads_elsewhere(name: str) -> None:
    with pytest.raises(UsageError) as said:
        run_directory.cell_directory(Path("run"), name)
    shown = ascii(name)[:80]
    assert str(said.value) == f"cell {shown}: it is no name of a cell; see the names of its experiment and kernel"
    with pytest.raises(Damaged) as damaged:
        run_directory.names_of_cells(["made", name], Path("environment.json"))
    assert str(damaged.value) == f"environment.json: {shown} is no name of a cell; remove it, or restore it from a copy"


def test_the_cells_that_a_run_has_are_its_directories(tmp_path: Path) -> None:
    assert run_directory.cells_here(tmp_path) == []
    for name in ("b", "a", ".new"):
        (tmp_path / "experiments" / name).mkdir(parents=True)
    (tmp_path / "experiments" / "file").write_text("")
    assert run_directory.cells_here(tmp_path) == ["a", "b"]
    (tmp_path / "experiments" / "what?").mkdir()
    with pytest.raises(Damaged, match=r"experiments: 'what\?' is no name of a cell"):
        run_directory.cells_here(tmp_path)


# environment.json


def test_the_environment_is_this_hosts() -> None:
    kernels: Any = [{"release": "6.12.9", "series": "6.12", "config": None}]
    found = run_directory.environment(kernels, {}, "QEMU 7.2", ["made"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", found.pop("started"))
    host = found.pop("host")
    assert len(host.pop("load")) == 3
    assert host == {
        "release": platform.release(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }
    assert found == {
        "schema": 1,
        "versions": {"python": platform.python_version(), "qemu": "QEMU 7.2", "libc": " ".join(platform.libc_ver())},
        "kernels": kernels,
        "options": {},
        "cells": ["made"],
    }
    assert "cells" not in run_directory.environment(kernels, {}, "none")
    assert run_directory.environment(kernels, {}, "none", [])["cells"] == []


def test_the_environment_is_written_with_its_seal_and_read_back(tmp_path: Path) -> None:
    assert run_directory.read_environment(tmp_path) == {}
    content = run_directory.environment([], {}, "none", ["made"])
    run_directory.write_environment(tmp_path, content)
    found = run_directory.read_environment(tmp_path)
    assert found.pop("seal").startswith("sha256:")
    assert {**found, "host": None} == {**content, "host": None}
    content["cells"] = ["../made"]
    run_directory.write_environment(tmp_path, content)
    with pytest.raises(Damaged, match=r"environment\.json: '\.\./made' is no name of a cell"):
        run_directory.read_environment(tmp_path)


# cell.json


def test_a_cells_record_is_written_with_its_seal_which_the_caller_has_too(tmp_path: Path) -> None:
    record = cell()
    run_directory.write_cell(tmp_path, record)
    assert record["seal"] == json_file.sealed(cell())["seal"]
    assert run_directory.read_cell(tmp_path) == record


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"kernel": "6.12/../x"},
            "kernel '6.12/../x': it is no name of a kernel; one has letters, digits and _ . + ~ - in it, begins with a letter or "
            "digit, and is 64 bytes long at most; restore it from a copy",
        ),
        ({"series": "6.1"}, "its series or experiment is none; restore it from a copy"),
        ({"experiment": "../made"}, "its series or experiment is none; restore it from a copy"),
        (
            {"schema": 2},
            "its schema is 2, and this version of the lab knows 1; restore it from a copy, or run the experiment again",
        ),
    ],
)
def test_a_record_that_names_no_kernel_or_experiment_is_damaged(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    run_directory.write_cell(tmp_path, cell(**changes))
    with pytest.raises(Damaged) as said:
        run_directory.read_cell(tmp_path)
    assert str(said.value) == f"{tmp_path / 'cell.json'}: {says}"


def test_a_directory_without_a_record_is_no_cell(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as said:
        run_directory.read_cell(tmp_path)
    assert str(said.value) == f"cell {tmp_path}: it has no cell.json; name the run's directory"


# verdicts.json


def test_verdicts_are_written_with_their_seal_and_read_back(tmp_path: Path) -> None:
    failures: Any = [{"experiment": "made", "kernel": "6.12", "what": "lost"}]
    content = run_directory.document(tmp_path, (), failures, {"b": "sha256:2", "a": "sha256:1"})
    assert list(content["cells"]) == ["a", "b"]
    whole = {"schema": 1, "run": tmp_path.name, "arch": platform.machine(), "errors": failures, "verdicts": []}
    assert {key: value for key, value in content.items() if key != "cells"} == whole
    assert run_directory.document(tmp_path, (), failures) == whole
    run_directory.write_verdicts(tmp_path, content)
    assert run_directory.read_verdicts(tmp_path) == json_file.sealed(content)
    assert (tmp_path / "verdicts.json").read_text() == run_directory.as_text(content) + "\n"
    assert run_directory.entered_cells(tmp_path) == {"a": "sha256:1", "b": "sha256:2"}


def test_verdicts_name_the_architectures_of_their_rows() -> None:
    """Rows from before they had one tell none; without any row that does, it is this host's."""
    rows: Any = [{"arch": "x86_64"}, {"arch": "aarch64"}, {}, {"arch": "x86_64"}]
    assert run_directory.document(Path("run"), rows, ())["arch"] == "aarch64, x86_64"
    assert run_directory.document(Path("run"), rows[2:3], ())["arch"] == platform.machine()


def test_a_run_without_verdicts_vouches_for_no_cell(tmp_path: Path) -> None:
    assert run_directory.entered_cells(tmp_path) == {}
    with pytest.raises(UsageError) as said:
        run_directory.read_verdicts(tmp_path)
    assert str(said.value) == f"run {tmp_path}: it has no verdicts.json; `invoke report` makes one from its evidence"
    run_directory.write_verdicts(tmp_path, run_directory.document(tmp_path, (), ()))
    assert run_directory.entered_cells(tmp_path) == {}


@pytest.mark.parametrize(
    ("read", "name", "remedy"),
    [
        (run_directory.read_verdicts, "verdicts.json", "delete it: `invoke report` makes one from the evidence"),
        (run_directory.read_cell, "cell.json", "restore it from a copy, or run the experiment again"),
        (
            run_directory.read_environment,
            "environment.json",
            "restore it from a copy, or write {} into it to go on without what it says",
        ),
    ],
)
def test_a_damaged_file_says_what_to_do(tmp_path: Path, read: Callable[[Path], object], name: str, remedy: str) -> None:
    (tmp_path / name).write_text("[]")
    with pytest.raises(Damaged) as said:
        read(tmp_path)
    assert str(said.value) == f"{tmp_path / name}: it holds list where the lab writes an object; {remedy}"
    (tmp_path / name).write_text('{"schema": 1, "seal": 5}')
    with pytest.raises(Damaged, match="it is not as its schema has it"):
        read(tmp_path)


def test_verdicts_that_vouch_for_what_is_no_cell_are_damaged(tmp_path: Path) -> None:
    run_directory.write_verdicts(tmp_path, run_directory.document(tmp_path, (), (), {"../made": "sha256:1"}))
    with pytest.raises(Damaged, match=r"verdicts\.json: '\.\./made' is no name of a cell"):
        run_directory.read_verdicts(tmp_path)
