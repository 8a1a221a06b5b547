"""The program made without a compiler: a kernel runs it, and it waits."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from harness.lab.helpers.program import library, waiting_program
from harness.linux import maps


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


def test_the_loader_takes_the_library(tmp_path: Path) -> None:
    size, file = 1 << 20, tmp_path / "library.so"
    file.write_bytes(library(size))
    with file.open("r+b") as grown:
        grown.truncate(size)
    done = subprocess.run(["cat", "/proc/self/maps"], env={"LD_PRELOAD": str(file)}, capture_output=True, text=True, check=True)
    found = {mapping.path: mapping for mapping in maps.parse(done.stdout)}
    assert done.stderr == ""
    assert (found[str(file)].length, found[str(file)].text) == (size, True)
    assert not found["[stack]"].execute
