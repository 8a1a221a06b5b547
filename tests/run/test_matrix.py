"""A matrix on real guests: interrupted in every way and resumed, without a lost or doubled cell."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.evidence import run_directory
from harness.run import resume
from tests.commands import ROOT, invoke, machines
from tests.guests import two_kernels

# What a cell with a guest takes least for: a record, and a reference for each verdict.
CHEAP = '''
"""Does a guest come up?"""
from harness.claims import AtLeast, Claim, Exactly, Expect, Experiment
from harness.claims import MIB, Needs
from harness.claims import Recorded

def procedure(lab):
    for name, value in {"x": 1, "one": 1, "two": 2}.items():
        lab.record(name, value)

EXPERIMENT = Experiment(procedure, rate=0, needs=Needs(memory=256 * MIB, disks=()), expects=(Expect(
    Claim("cheap-%d", "A guest comes up.", "tests"), Recorded("x"), Exactly(1, "one"), AtLeast(2, "more"),
    Recorded("one"), Recorded("two")),))
'''


@pytest.fixture
def names() -> list[str]:
    """Two kernels, the newer one first."""
    return list(reversed(two_kernels()))


@pytest.fixture
def cheap(tmp_path: Path) -> Path:
    """A directory with three cheap experiments."""
    return three(tmp_path / "experiments", CHEAP)


def three(directory: Path, text: str) -> Path:
    """The same experiment three times, each with a claim of its own."""
    directory.mkdir()
    for number in range(3):
        (directory / f"cheap_{number}.py").write_text(text % number)
    return directory


def words(names: list[str], runs: Path, cheap: Path, *more: str) -> list[str]:
    of = ["--kernels", ",".join(names), "--section", "cheap-", "--trials", "1", "--experiments", str(cheap)]
    return ["matrix", *of, "--results", str(runs), *more]


def cells_of(run: Path) -> dict[str, dict[str, Any]]:
    return {path.parent.name: json.loads(path.read_text()) for path in run.glob("experiments/*/cell.json")}


def stop_when_a_cell_is_finished(names: list[str], runs: Path, cheap: Path, number: int) -> tuple[int, str]:
    """Starts the matrix and sends a signal once its first cell is finished: status and output."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *words(names, runs, cheap, "--jobs", "1")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    before = finished(runs)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None and len(finished(runs)) == len(before):
        time.sleep(0.02)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def finished(runs: Path) -> set[str]:
    return {name for run in runs.glob("*-matrix-*") for name, cell in cells_of(run).items() if "verdicts" in cell}


@pytest.mark.guest
def test_interrupted_killed_and_resumed(names: list[str], cheap: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    status, output = stop_when_a_cell_is_finished(names, runs, cheap, signal.SIGINT)
    assert status == 130, output
    assert "Traceback" not in output
    status, output = stop_when_a_cell_is_finished(names, runs, cheap, signal.SIGKILL)
    assert status == -signal.SIGKILL, output
    deadline = time.monotonic() + 20  # a guest dies with its lab, by the kernel's own hand
    while machines(str(runs)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not machines(str(runs))
    kept = finished(runs)
    assert 2 <= len(kept) < 6
    (run,) = runs.iterdir()
    written = {name: (run / "experiments" / name / "trial-1.jsonl.zst").stat().st_mtime_ns for name in kept}

    again = invoke(*words(names, runs, cheap))
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"{6 - len(kept)} cells to run, {len(kept)} have their verdict" in again.stdout
    assert list(runs.iterdir()) == [run]
    rows = run_directory.read_verdicts(run)["verdicts"]
    assert len({(row["claim"], row["kernel"]) for row in rows}) == len(rows) == 6
    assert all(row["verdict"] == "confirmed" for row in rows)
    for name, time_ns in written.items():
        assert (run / "experiments" / name / "trial-1.jsonl.zst").stat().st_mtime_ns == time_ns
    assert len(list((run / "report" / "cells").glob("*.md"))) == 6
    assert not (run / ".report").exists()

    once_more = invoke(*words(names, runs, cheap))
    assert "0 cells to run, 6 have their verdict" in once_more.stdout
    judged = invoke("judge", run.name, "--results", str(runs), "--json")
    assert sorted(json.loads(judged.stdout)["verdicts"], key=str) == sorted(rows, key=str)


@pytest.mark.guest
def test_what_changed_is_run_again(names: list[str], cheap: Path, tmp_path: Path) -> None:
    """An experiment of another version, one whose file is another, and torn evidence; --again starts anew."""
    runs = tmp_path / "runs"
    one = names[:1]
    assert invoke(*words(one, runs, cheap)).returncode == 0
    (run,) = runs.iterdir()
    (cheap / "cheap_0.py").write_text((CHEAP % 0).replace("rate=0", "rate=0, version=2"))
    (cheap / "cheap_1.py").write_text((CHEAP % 1) + "# another reason\n")
    torn = next(run.glob("experiments/cheap-2@*/trial-1.jsonl.zst"))
    torn.write_bytes(torn.read_bytes()[:-9])
    again = invoke(*words(one, runs, cheap))
    assert "3 cells to run" in again.stdout, again.stdout + again.stderr
    assert {row["version"] for row in run_directory.read_verdicts(run)["verdicts"]} == {1, 2}
    anew = invoke(*words(one, runs, cheap, "--again"))
    assert "3 cells to run" in anew.stdout
    assert len(list(runs.iterdir())) == 2


@pytest.mark.guest
def test_undecided_cells_are_repeated_and_say_so(names: list[str], tmp_path: Path) -> None:
    """Only cells with an undecided claim run again, all their claims; how often stands in every row, whatever interrupts."""
    said, runs = tmp_path / "said", tmp_path / "runs"
    text = CHEAP.replace('"x": 1', f'"x": %d or int(open({str(said)!r}).read())')
    directory = tmp_path / "experiments"
    directory.mkdir()
    for number in range(2):  # the second reads what the file says, in neither range at first
        (directory / f"cheap_{number}.py").write_text(text % (1 - number, number))

    def rows(*more: str) -> dict[str, tuple[str, int]]:
        finished = invoke(*words(names[:1], runs, directory, *more))
        assert "Traceback" not in finished.stdout + finished.stderr
        (run,) = runs.iterdir()
        return {row["claim"]: (row["verdict"], row["repeated"]) for row in run_directory.read_verdicts(run)["verdicts"]}

    none = invoke(*words(names[:1], runs, directory, "--undecided"))
    assert none.returncode == 1
    assert "run it without --undecided first" in none.stderr
    said.write_text("0")
    assert rows() == {"cheap-0": ("confirmed", 0), "cheap-1": ("undecided", 0)}
    assert rows() == {"cheap-0": ("confirmed", 0), "cheap-1": ("undecided", 0)}
    assert rows("--undecided") == {"cheap-0": ("confirmed", 0), "cheap-1": ("undecided", 1)}
    said.write_text("1")
    assert rows("--undecided") == {"cheap-0": ("confirmed", 0), "cheap-1": ("confirmed", 2)}
    assert rows("--undecided") == {"cheap-0": ("confirmed", 0), "cheap-1": ("confirmed", 2)}
    (run,) = runs.iterdir()
    (cell,) = (cell for cell in cells_of(run).values() if cell["earlier"])
    assert [attempt["verdicts"] for attempt in cell["earlier"]] == [{"cheap-1": "undecided"}] * 2
    (lost,) = run.glob("experiments/cheap-1@*/trial-1.jsonl.zst")
    lost.unlink()
    assert rows()["cheap-1"] == ("confirmed", 2), "a repetition for another reason is none of an undecided claim"
    assert "repeated 2 times because a claim was undecided" in "".join(path.read_text() for path in (run / "report").glob("*.md"))


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with resume.held(tmp_path), pytest.raises(Exception, match="another process is at it"), resume.held(tmp_path):
        pass


@pytest.mark.guest
def test_settings_are_an_axis(names: list[str], cheap: Path, tmp_path: Path) -> None:
    finished = invoke(*words(names[:1], tmp_path / "runs", cheap, "--set", "swappiness=0,60", "--set", "memory=512"))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (run,) = (tmp_path / "runs").iterdir()
    rows = run_directory.read_verdicts(run)["verdicts"]
    assert {row["settings"]["swappiness"] for row in rows} == {"0", "60"}
    assert {row["settings"]["memory"] for row in rows} == {str(512 << 20)}
    assert len(rows) == 6


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--kernels", ","], "names none"),
        (["--set", "lru=new"], "lru can be classic or mglru"),
        (["--set", "cpus=0"], "whole number"),
        (["--section", "nothing like it"], "sections are"),
    ],
)
def test_wrong_usage(more: list[str], said: str) -> None:
    refused = invoke("matrix", *more)
    assert refused.returncode == 1
    assert said in refused.stderr
