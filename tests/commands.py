"""Commands as a user types them, in processes of their own, for tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.faults import commands

ROOT = Path(__file__).resolve().parent.parent
CLAIM = "malloc-first-brk"  # its experiment takes a tenth of a second a trial


def invoke(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the checkout, with more variables of the environment."""
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def one_line(finished: subprocess.CompletedProcess[str], status: int, *parts: str) -> None:
    """Asserts the status, one line on standard error with all the parts in it, and no traceback anywhere."""
    assert finished.returncode == status, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    assert len(finished.stderr.strip().splitlines()) == 1, finished.stderr
    for part in parts:
        assert part in finished.stderr


def machines(mark: str) -> list[int]:
    """Lists the QEMU processes that have files below a directory open: their consoles, for instance."""
    return commands.machines(Path(mark))
