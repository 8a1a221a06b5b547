"""The program made without a compiler: a kernel runs it, and it waits."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from harness.lab.helpers.program import library, waiting_program
from harness.linux import architecture, maps
from harness.linux.architecture import ALL, Architecture


@pytest.mark.parametrize("size", [4096, 1 << 20])
@pytest.mark.parametrize("one", ALL.values(), ids=ALL)
def test_it_runs_and_waits(tmp_path: Path, one: Architecture, size: int) -> None:
    if architecture.host_machine() not in one.native_on:
        pytest.skip(f"this host runs no programs for {one.name}")
    file = tmp_path / "program"
    head = waiting_program(one, size, 4096)
    file.write_bytes(head + bytes(size - len(head)))
    file.chmod(0o755)
    try:
        running = subprocess.Popen([file])
    except OSError as error:  # a kernel without the 32-bit entry
        pytest.skip(f"this host's kernel runs no programs for {one.name}: {error.strerror}")
    with running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.2)
        running.kill()
    assert running.returncode == -signal.SIGKILL


def test_the_loader_takes_the_library(tmp_path: Path) -> None:
    size, file = 1 << 20, tmp_path / "library.so"
    file.write_bytes(library(architecture.of_host(), size, 4096))
    with file.open("r+b") as grown:
        grown.truncate(size)
    done = subprocess.run(["cat", "/proc/self/maps"], env={"LD_PRELOAD": str(file)}, capture_output=True, text=True, check=True)
    found = {mapping.path: mapping for mapping in maps.parse(done.stdout)}
    assert done.stderr == ""
    assert (found[str(file)].length, found[str(file)].text) == (size, True)
    assert not found["[stack]"].execute


@pytest.mark.parametrize("one", ALL.values(), ids=ALL)
def test_its_headers_are_what_readelf_expects(tmp_path: Path, one: Architecture) -> None:
    if not shutil.which("readelf"):
        pytest.skip("no readelf: install binutils")
    file = tmp_path / "program"
    file.write_bytes(waiting_program(one, 4096, 16384).ljust(4096, b"\0"))
    said = subprocess.run(["readelf", "-hl", file], check=True, capture_output=True, text=True)
    assert said.stderr == ""
    assert "EXEC (Executable file)" in said.stdout
    assert "R E" in said.stdout
    assert "0x4000" in said.stdout  # its alignment, a page of 16 KiB
