"""Cells on other machines: a cluster of three worker processes, one of them killed while it works."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.errors import LabError, UsageError
from harness.evidence import json_file, run_directory
from harness.machine.kernels import find
from harness.run import remote
from harness.run.cell import Cell, cells
from harness.run.options import RunOptions
from harness.verdicts import classify
from tests.commands import ROOT, invoke
from tests.run.test_matrix import CHEAP, cells_of, three

# A record, and a sleep that leaves time to kill the worker meanwhile.
SLOW = CHEAP.replace("def procedure(lab):", "import time\ndef procedure(lab):\n    time.sleep(1)")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    return three(tmp_path / "experiments", SLOW)


def spawn(program: str, *words: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{program}", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its three workers: processes without a nanny, each with a cell at a time."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'folklab[cluster]'")
    file = tmp_path / "scheduler.json"
    started = [spawn("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))]
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        started += [
            spawn(
                "worker",
                "--scheduler-file",
                str(file),
                "--no-nanny",
                "--nthreads",
                "1",
                "--no-dashboard",
                "--local-directory",
                str(tmp_path / "dask"),
            )
            for _ in range(3)
        ]
        yield json.loads(file.read_text())["address"], started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def guests_of(process: subprocess.Popen[bytes]) -> list[str]:
    """The QEMUs that a worker has started."""
    found = []
    for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
        try:
            found += [child for child in task.read_text().split() if "qemu-system" in Path(f"/proc/{child}/cmdline").read_text()]
        except OSError:
            continue
    return found


def verdicts(run: Path) -> list[tuple[Any, ...]]:
    return sorted(
        (row["claim"], row["kernel"], row["verdict"], row["valid"]) for row in run_directory.read_verdicts(run)["verdicts"]
    )


@pytest.mark.guest
def test_a_worker_is_killed_and_nothing_is_lost_or_doubled(
    slow: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = cluster
    words = ["matrix", "--kernels", "6.12", "--section", "cheap-", "--trials", "1", "--experiments", str(slow)]
    here = invoke(*words, "--results", str(tmp_path / "here"))
    assert here.returncode == 0, here.stdout + here.stderr
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *words, "--scheduler", address, "--results", str(tmp_path / "there")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    victim = None
    deadline = time.monotonic() + 120
    while victim is None and process.poll() is None and time.monotonic() < deadline:
        victim = next((worker for worker in workers if guests_of(worker)), None)
        time.sleep(0.02)
    if victim is not None:
        victim.send_signal(signal.SIGKILL)
    output, _ = process.communicate(timeout=240)
    assert victim is not None, output
    assert process.returncode == 0, output
    (local,), (remote,) = ((tmp_path / name).iterdir() for name in ("here", "there"))
    assert verdicts(remote) == verdicts(local)
    assert len(verdicts(remote)) == 3
    ran = cells_of(remote)
    assert len(ran) == 3
    for name, cell in ran.items():
        assert cell["archive"].startswith("sha256:")
        assert cell["ran"]["qemu"]
        assert (remote / "experiments" / name / "trial-1.jsonl.zst").stat().st_size > 0
    again = invoke(*words, "--scheduler", address, "--results", str(tmp_path / "there"))
    assert "0 cells to run, 3 have their verdict" in again.stdout


@pytest.fixture
def cell() -> Cell:
    experiment, _ = catalogue.find("malloc-first-brk")
    return cells(experiment, find.by_name("6.12"), RunOptions(trials=1), "tcg")[0]


def finished(cell: Cell, directory: Path) -> Path:
    """A directory as a worker leaves it, without a guest."""
    directory.mkdir(parents=True)
    (directory / "trial-1.jsonl.zst").write_bytes(b"evidence")
    json_file.write(directory / "cell.json", {**remote.request(cell)["cell"], "seconds": 1.0})
    return directory


def test_an_archive_comes_back_whole_and_counts_once(cell: Cell, tmp_path: Path) -> None:
    ordered = remote.request(cell)["cell"]
    packed = remote.pack(finished(cell, tmp_path / "worker"))
    home = tmp_path / "run" / "cell"
    assert remote.unpack(packed, home, ordered)["seconds"] == 1.0
    assert (home / "trial-1.jsonl.zst").read_bytes() == b"evidence"
    json_file.write(
        home / "cell.json", {**ordered, "verdicts": [], "absent": "", "seconds": 2.0, "recordings": {"trial-1.jsonl.zst": 8}}
    )
    assert remote.unpack(packed, home, ordered)["seconds"] == 2.0  # it has its verdicts: it stays


def test_what_is_damaged_or_another_cells_is_not_taken(cell: Cell, tmp_path: Path) -> None:
    ordered = remote.request(cell)["cell"]
    packed = remote.pack(finished(cell, tmp_path / "worker"))
    with pytest.raises(LabError, match="digest"):
        remote.unpack(replace(packed, data=packed.data[:-1]), tmp_path / "run" / "cell", ordered)
    with pytest.raises(LabError, match="another cell"):
        remote.unpack(packed, tmp_path / "run" / "cell", {**ordered, "trials": 9})
    assert not (tmp_path / "run" / "cell").exists()


def test_a_worker_refuses_another_kernel_and_another_experiment(cell: Cell, tmp_path: Path) -> None:
    wanted = remote.request(cell)
    with pytest.raises(UsageError, match="install the same package"):
        remote.run_cell({**wanted, "cell": {**wanted["cell"], "source": "sha256:0"}})
    own = {"path": str(cell.kernel.image), "modules": None}
    with pytest.raises(UsageError, match="was ordered"):
        remote.run_cell({**wanted, "own": own, "cell": {**wanted["cell"], "image": "sha256:0123456789"}})


def test_what_a_worker_refuses_is_a_broken_cell(cell: Cell, tmp_path: Path) -> None:
    """On an executor of the standard library: any will do."""
    other = replace(cell, kernel=replace(cell.kernel, version="", digest="sha256:0123456789"))
    begun: list[Cell] = []
    with ThreadPoolExecutor(1) as elsewhere:
        judged = remote.Sent(other, tmp_path, elsewhere, None, begun.append).judge()
    assert begun == [other]
    assert judged.rows == []
    assert "was ordered" in judged.failures[0]["what"]
    assert classify.status(judged.rows, judged.failures) == 2


def test_errors_of_workers_arrive_whole() -> None:
    error = pickle.loads(pickle.dumps(UsageError("kernel x", "it is another", "copy it")))
    assert (type(error), error.status, str(error)) == (UsageError, 1, "kernel x: it is another; copy it")


def test_no_cluster() -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'folklab[cluster]'")
    refused = invoke("run-all", "--section", "page-size", "--scheduler", "moon")
    assert refused.returncode == 1
    assert "tcp://HOST:8786" in refused.stderr
