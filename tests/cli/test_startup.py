"""A command's process: ended at every moment, with closed or full outputs, in other locales, without a home, short of memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import CLAIM, ROOT, invoke, one_line

WORDS = [sys.executable, "-m", "invoke"]
# Begun as a command is, then ended from outside: what a command does meanwhile, and what its end takes, is the test's.
WAITS = """
import sys, time
from harness.cli import startup
startup.prepare()
from harness.cli.base import guarded
def body(context):
    try:
        {work}
    finally:
        {end}
guarded(body, False, False)(None)
"""
WORK = 'print("begun", flush=True); time.sleep(60)'


def waiting(end: str, work: str = WORK, module: Path | None = None) -> subprocess.Popen[str]:
    """Begins it. module: the file that it is run from, as `python -m invoke` runs invoke; else Python is given its text."""
    text = WAITS.format(work=work, end=end)
    words = ["-c", text]
    if module:
        module.write_text(text)
        words = ["-m", module.stem]
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{module.parent if module else ''}"},
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_in_order(number: int, status: int) -> None:
    process = waiting('print("in order", flush=True)')
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output, errors) == (status, "in order\n", "")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_that_comes_while_a_dataclass_is_made(number: int, status: int, tmp_path: Path) -> None:
    """Python itself would end with SIGINT then, if it runs a module: a KeyboardInterrupt has left exec()."""
    process = waiting("pass", f"exec({WORK!r})", tmp_path / "waits.py")
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_one_ends_it_at_once(number: int) -> None:
    process = waiting('print("in order", flush=True); time.sleep(60)')
    process.send_signal(signal.SIGINT)
    assert process.stdout
    assert process.stdout.readline() == "in order\n"
    began = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_while_the_commands_are_loaded(number: int, status: int) -> None:
    """Nothing is there yet to be put in order: the process ends at once, without a traceback."""
    script = "from harness.cli import startup; startup.prepare(); print(flush=True); import time; time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.readline()
    process.send_signal(number)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == status


def test_a_signal_that_the_caller_ignores_is_ignored() -> None:
    """nohup(1) has its command outlive its terminal."""
    process = subprocess.Popen(
        ["sh", "-c", f"trap '' HUP; exec '{sys.executable}' -c \"$0\"", WAITS.format(work=WORK.replace("60", "3"), end="pass")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert process.returncode == 0


def shell(words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m invoke {words}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_closed_output() -> None:
    finished = shell("list --search tmpfs >&-")
    assert (finished.returncode, finished.stderr) == (0, "")
    finished = shell("list --search tmpfs >&- 2>&- <&-")
    assert finished.returncode == 0


def test_a_full_output() -> None:
    for command in ("list", "kernels --offline"):
        one_line(shell(f"{command} >/dev/full"), 2, "No space left on device")


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1", "de_DE.ISO-8859-1"])
def test_other_locales(locale: str) -> None:
    finished = subprocess.run(
        [*WORDS, "explain", "tmpfs-unreclaimable"],
        cwd=ROOT,
        env={**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    assert b"tmpfs-unreclaimable" in finished.stdout


@pytest.mark.parametrize("words", [["list"], ["explain", CLAIM], ["kernels", "--offline"], ["doctor"]])
@pytest.mark.parametrize("home", ["/proc/nonexistent", "/proc"])
def test_commands_that_need_no_home(words: list[str], home: str) -> None:
    """Nothing can be made in it, whoever asks."""
    finished = invoke(*words, HOME=home, FOLKLAB_CACHE="", FOLKLAB_STATE="", XDG_CACHE_HOME="", XDG_STATE_HOME="")
    said = finished.stdout + finished.stderr
    assert "Traceback" not in said, said
    if words != ["doctor"]:  # which says that there is no room, and where none can be had
        assert finished.returncode == 0, said
    else:
        assert f"MISSING room for snapshots: cache {home}" in finished.stdout


def test_a_run_without_a_cache() -> None:
    for where in ("/proc/nope", str(ROOT / "README.md")):
        one_line(invoke("run-experiment", CLAIM, FOLKLAB_CACHE=where), 4, "cache", where, "FOLKLAB_CACHE")
        finished = invoke("doctor", FOLKLAB_CACHE=where)
        assert finished.returncode == 4
        assert f"MISSING room for snapshots: cache {where}" in finished.stdout
        assert "Traceback" not in finished.stdout + finished.stderr


def test_little_memory(tmp_path: Path) -> None:
    """The process can't have what Python's libraries take: one line, whatever of them meets it first."""
    run = tmp_path / "run"
    (run / "experiments").mkdir(parents=True)
    (run / "environment.json").write_text("{}")
    finished = subprocess.run(
        ["prlimit", "--as=400000000", *WORDS, "report", str(run)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert "Traceback" not in finished.stderr, finished.stderr
    assert finished.returncode == 2
    last = finished.stderr.splitlines()[-1]
    assert last.startswith("memory: this process may have 400,000,000 bytes")
    assert "ulimit -v" in last


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--set", "memory=1"], ["from 64 to"]),
        (["--set", "memory=999999999"], ["memory"]),
        (["--set", "memory=1048576"], ["this host has"]),
        (["--set", "cpus=9999"], ["from 1 to 64"]),
        (["--set", "cpus=0"], ["from 1 to 64"]),
        (["--set", "swappiness=99999"], ["from 0 to 200"]),
        (["--set", "swappiness=١"], ["from 0 to 200"]),
        (["--set", "overcommit=3"], ["from 0 to 2"]),
        (["--set", "page_cluster=99"], ["from 0 to 31"]),
        (["--trials", "1000000000"], ["1000 at most"]),
        (["--trials", "1001"], ["1000 at most"]),
        (["--trials", "١"], ["whole number"]),
        (["--trials", "9" * 5000], ["whole number"]),
        (["--jobs", "100000"], ["machines at once are the most"]),
        (["--results", "/etc/passwd"], ["no directory"]),
        (["--results", ""], ["its value is empty"]),
    ],
)
def test_what_is_beyond_reason(words: list[str], parts: list[str]) -> None:
    one_line(invoke("run-experiment", CLAIM, *words), 1, *parts)


def test_no_kernel_has_no_name() -> None:
    one_line(invoke("kernels.fetch", ""), 1, "no kernel has this name")
