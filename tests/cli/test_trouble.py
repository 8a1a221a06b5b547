"""Bad input and trouble: one clear line, the right exit status, nothing left behind. The guests are real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import CLAIM, ROOT, invoke, machines, one_line

BAD = '''
"""Does a guest that comes to grief end as an error of the lab?"""
from harness.claims import AtLeast, Claim, Exactly, Expect, Experiment
from harness.errors import LabError
from harness.claims import Recorded

def procedure(lab):
    {grief}

EXPERIMENT = Experiment(procedure, rate=0, deadline=10, expects=(Expect(
    Claim("grief-{name}", "A guest comes to grief.", "tests"), Recorded("x"), Exactly(1, "one"), AtLeast(2, "more"),
    Recorded("true"), Recorded("false")),))
'''
GRIEF = {
    "panic": 'lab.hand.put("/proc/sysrq-trigger", "c")',
    "hang": 'lab.agent.seconds = 3; lab.machine.qemu.monitor("stop"); lab.sample("never")',
    "kill": 'lab.machine.qemu.process.kill(); lab.sample("never")',
    "probe": "lab.probe().kill(0, 9)",
    "bug": "lab.nothing()",
    "slow": "while lab.hand.sleep(100_000_000): pass",
}


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["run-experiment", "tmpfs-unreclaimabel"], ["did you mean tmpfs-unreclaimable"]),
        (["run-experiment", CLAIM, "--kernel", "9.99"], ["9.99"]),
        (["run-experiment", CLAIM, "--trials", "0"], ["at least one trial"]),
        (["run-experiment", CLAIM, "--trials", "three"], ["whole number"]),
        (["run-experiment", CLAIM, "--jobs", "0"], ["at least one machine"]),
        (["compare", "no-such-run", "latest"], ["no-such-run"]),
        (["history", "no-such-claim"], ["no-such-claim"]),
        (["publish", "--runs", "no-such-run"], ["no-such-run"]),
        (["publish", "--runs", "", "--noise", "one"], ["--runs", "its value is empty"]),
        (["run-experiment", CLAIM, "--set", "lur=mglru"], ["--set lur=mglru", "did you mean lru"]),
        (["run-experiment", CLAIM, "--machine", "moon"], ["auto, vm, local"]),
        (["run-experiment", CLAIM, "--directory", "/no/such", "--machine", "local"], ["no such directory"]),
        (["run-experiment", CLAIM, "--directory", "."], ["add --machine local"]),
        (["run-experiment", CLAIM, "--kernel", "pyproject.toml"], ["kernel"]),
        (["judge", "no-such-run"], ["no-such-run"]),
        (["report", "no-such-run"], ["no-such-run"]),
        (["run-all", "--section", "nothing like it"], ["sections are"]),
        (["list", "--search", "quantum gravity"], ["no claim is about it"]),
        (["run-experiment", "overcommit-2-refuse"], ["did you mean oc2-refuses-everything"]),
        (["explain", "no-such-claim"], ["no-such-claim"]),
    ],
)
def test_wrong_usage(words: list[str], parts: list[str]) -> None:
    one_line(invoke(*words), 1, *parts)


def test_results_directory_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    one_line(invoke("run-experiment", CLAIM, "--results", str(file / "runs")), 2, "results directory", "--results")


def test_qemu_missing(tmp_path: Path) -> None:
    for name in ("sh", "setpriv", "ldd"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    finished = invoke("run-experiment", CLAIM, "--results", str(tmp_path / "runs"), PATH=str(tmp_path))
    one_line(finished, 4, "qemu-system-x86_64", "not installed", "./bootstrap")
    assert not (tmp_path / "runs").exists()


@pytest.mark.guest
@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted, which takes root")
@pytest.mark.parametrize("size", ["4k", "8k", "60k", "200k"])
def test_results_directory_that_fills_up(size: str, tmp_path: Path) -> None:
    """At once, while the kernel's configuration is copied, or in the middle of a trial."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", tmp_path], check=True)
    try:
        finished = invoke("run-experiment", "tmpfs-unreclaimable", "--results", str(tmp_path))
        assert finished.returncode == 2, finished.stdout + finished.stderr
        assert "Traceback" not in finished.stdout + finished.stderr
        assert "No space left on device" in finished.stdout + finished.stderr
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.fixture
def griefs(tmp_path: Path) -> Path:
    for name, grief in GRIEF.items():
        (tmp_path / f"grief_{name}.py").write_text(BAD.format(name=name, grief=grief))
    return tmp_path


@pytest.mark.guest
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("panic", "sysrq"),
        ("hang", "did not answer in time: waited 3 s for its answer to "),
        ("kill", "it ended"),
        ("probe", "SIGKILL"),
        ("bug", "AttributeError"),
        ("slow", "did not answer in time: waited"),
    ],
)
def test_a_guest_that_comes_to_grief(griefs: Path, name: str, said: str, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    finished = invoke("run-experiment", f"grief-{name}", "--trials", "1", "--results", str(runs), "--experiments", str(griefs))
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert "BROKEN" in finished.stdout
    assert said in finished.stdout
    assert "Traceback" not in finished.stdout + finished.stderr
    (written,) = runs.glob("*/verdicts.json")
    document = json.loads(written.read_text())
    assert document["verdicts"] == []
    assert said in document["errors"][0]["what"]
    assert not machines(str(runs))


@pytest.mark.guest
def test_the_other_experiments_still_run(griefs: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (griefs / "grief_hang.py").unlink()
    finished = invoke("run-all", "--section", "malloc-calls", "--results", str(runs), "--experiments", str(griefs))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    finished = invoke("run-all", "--section", "tests", "--trials", "1", "--results", str(runs), "--experiments", str(griefs))
    assert finished.returncode == 2
    assert finished.stdout.count("BROKEN") == len(GRIEF) - 1


@pytest.mark.guest
def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C: cleans up, keeps what was finished, status 130."""
    runs = tmp_path / "runs"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "invoke",
            "run-experiment",
            "tmpfs-unreclaimable",
            "--jobs",
            "1",
            "--trials",
            "30",
            "--results",
            str(runs),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not list(runs.glob("*/experiments/*/trial-2.jsonl.zst")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, output + errors
    assert "Traceback" not in output + errors
    assert not machines(str(runs))
    (run,) = runs.iterdir()
    assert (run / "verdicts.json").exists()
    again = invoke("judge", str(run))
    assert again.returncode == 2, again.stdout + again.stderr
    assert "BROKEN  it was never run to its end" in again.stdout


@pytest.mark.guest
def test_two_runs_at_once(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "invoke", "run-experiment", CLAIM, "--jobs", "1", "--results", str(tmp_path)]
    processes = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert len(list(tmp_path.glob("*/verdicts.json"))) == 2
