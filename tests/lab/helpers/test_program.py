"""The program made without a compiler: a kernel runs it, and it waits."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from harness.lab.helpers.program import waiting_program


@pytest.mark.parametrize("size", [4096, 1 << 20])
def test_it_runs_and_waits(tmp_path: Path, size: int) -> None:
    file = tmp_path / "program"
    head = waiting_program(size)
    file.write_bytes(head + bytes(size - len(head)))
    file.chmod(0o755)
    with subprocess.Popen([file]) as running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.2)
        running.kill()
    assert running.returncode == -signal.SIGKILL
