"""What git bisect run is told: never that a commit is good or bad where nothing was found out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.bisect import AS_WANTED, CANNOT_TELL, OTHER, STOP, status
from tests.commands import CLAIM, ROOT, invoke
from tests.guests import two_kernels

CONFIRMED, REFUTED, UNDECIDED, SKIPPED = ({"verdict": name} for name in ("confirmed", "refuted", "undecided", "skipped"))


@pytest.mark.parametrize(
    ("rows", "broken", "expected"),
    [
        ([CONFIRMED], False, AS_WANTED),
        ([CONFIRMED, CONFIRMED], False, AS_WANTED),
        ([REFUTED], False, OTHER),
        ([CONFIRMED, REFUTED], False, OTHER),
        ([UNDECIDED, REFUTED], False, OTHER),
        ([CONFIRMED, UNDECIDED], False, CANNOT_TELL),
        ([CONFIRMED, SKIPPED], False, CANNOT_TELL),
        ([UNDECIDED], False, CANNOT_TELL),
        ([], False, CANNOT_TELL),
        ([], True, CANNOT_TELL),
        ([CONFIRMED], True, CANNOT_TELL),
    ],
)
def test_statuses(rows: list[dict[str, str]], broken: bool, expected: int) -> None:
    assert status(rows, "confirmed", broken) == expected


@pytest.mark.parametrize(
    ("words", "expected", "said"),
    [
        ([], STOP, "claim"),  # invoke's own complaints, which end with 1 elsewhere
        ([CLAIM, "--wnat", "confirmed"], STOP, "--wnat"),
        ([CLAIM, "--want"], STOP, "want"),
        ([CLAIM], STOP, "--want confirmed"),
        ([CLAIM, "--want", "good"], STOP, "--want confirmed"),
        (["no-such-claim", "--want", "confirmed"], STOP, "no-such-claim"),
        (["malloc-calls", "--want", "confirmed"], STOP, "its claims are"),
        ([CLAIM, "--want", "confirmed", "--set", "lur=x"], STOP, "there is no such setting; did you mean lru?"),
        ([CLAIM, "--want", "confirmed", "--kernel", "/no/such/bzImage"], STOP, "bzImage"),
        ([CLAIM, "--want", "confirmed", "--gdb", "a,b"], STOP, "socket"),
    ],
)
def test_wrong_usage_ends_a_bisection(words: list[str], expected: int, said: str) -> None:
    finished = invoke("check", *words)
    assert finished.returncode == expected, finished.stdout + finished.stderr
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


def test_help_is_no_mistake() -> None:
    shown = invoke("--help", "check")
    assert shown.returncode == 0
    assert "125" in shown.stdout


@pytest.mark.guest
@pytest.mark.parametrize(("want", "expected"), [("confirmed", AS_WANTED), ("refuted", OTHER)])
def test_on_a_guest(want: str, expected: int, tmp_path: Path) -> None:
    finished = invoke("check", CLAIM, "--want", want, "--set", "malloc=glibc", "--trials", "1", "--results", str(tmp_path))
    assert finished.returncode == expected, finished.stdout + finished.stderr
    assert f"exit status {expected}" in finished.stdout


@pytest.mark.guest
def test_a_kernel_that_does_not_come_up_is_skipped(tmp_path: Path) -> None:
    """nosmp and the like are fine; this one has no first program."""
    finished = invoke(
        "check",
        CLAIM,
        "--want",
        "confirmed",
        "--set",
        "malloc=glibc",
        "--trials",
        "1",
        "--append",
        "rdinit=/nonexistent",
        "--fresh-boot",
        "--results",
        str(tmp_path),
    )
    assert finished.returncode == CANNOT_TELL, finished.stdout + finished.stderr


@pytest.mark.guest
def test_git_bisect_finds_the_kernel_that_changed(tmp_path: Path) -> None:
    """A history whose commits are kernels: the red-black tree of VMAs gave way to a maple tree in 6.1."""
    old, new = two_kernels()
    series = [old, old, new, new]

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y", *words],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    git("init", "-q")
    for number, name in enumerate(series):
        (tmp_path / "kernel").write_text(f"{name}\n")
        (tmp_path / "number").write_text(str(number))
        git("add", "kernel", "number")
        git("commit", "-qm", f"{number}: {name}")
    step = tmp_path / "step"
    step.write_text(f"""#!/bin/sh
kernel=$(cat kernel); cd {ROOT}
exec {sys.executable} -m invoke check vma-tree-and-list --kernel "$kernel" --want confirmed --trials 1 --results {tmp_path}/runs
""")
    step.chmod(0o755)
    git("bisect", "start", "HEAD", "HEAD~3")
    said = git("bisect", "run", str(step))
    assert "is the first bad commit" in said
    assert git("show", "-s", "--format=%s", "refs/bisect/bad").strip() == f"2: {new}"
