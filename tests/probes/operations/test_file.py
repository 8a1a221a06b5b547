"""Files and directories."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness.agent.operations import numbers
from harness.lab.probe import Probe
from tests.probes.on_host import PAGE, SIZE, descriptors


def test_files(probe: Probe, tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    fd = probe.create_file(path, SIZE, seed=3)
    assert probe.check_file(fd, SIZE, seed=3).value == 16
    assert probe.read(fd, 10 * SIZE).value == SIZE
    probe.write_text(fd, b"hello", 0)
    assert probe.slurp(path, 5).text == b"hello"
    assert probe.slurp(path, 2, 0, 3).text == b"lo"
    assert probe.check_file(fd, SIZE, seed=3).value == 15
    assert numbers(probe.fstat(fd).text)[4] == SIZE
    assert numbers(probe.stat(path).text)[4] == SIZE
    assert probe.statfs(path).value
    probe.fsync(fd)
    probe.fadvise(fd, 0, 0, 4)
    probe.ftruncate(fd, PAGE)
    probe.fallocate(fd, 0, 2 * PAGE)
    probe.close(fd)
    probe.unlink(path)
    probe.mkdir(str(tmp_path / "d"))
    assert probe.populate_dir(str(tmp_path / "d"), 5).value == 5
    assert probe.list(str(tmp_path / "d")).value == 5
    assert probe.populate_dir(str(tmp_path / "d"), 8, 0).value == 5  # three of them are not there
    assert probe.attempt.populate_dir("/proc/version", 8, 0).error == errno.ENOTDIR
    assert probe.populate_dir(str(tmp_path / "d"), 5, -1).value == 5
    probe.rmdir(str(tmp_path / "d"))
    probe.put(str(tmp_path / "put"), "text", os.O_CREAT)
    assert (tmp_path / "put").read_text() == "text"


def test_a_file_mapped_shared(probe: Probe, tmp_path: Path) -> None:
    fd = probe.create_file(str(tmp_path / "file"), SIZE)
    region = probe.map(SIZE, shared=True, fd=fd).fill(9)
    probe.msync(region.address, SIZE)
    assert probe.check_file(fd, SIZE, seed=9).value == 16


def test_direct_io_and_advice(probe: Probe, tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    probe.fsync(probe.create_file(path, SIZE, seed=3))
    direct = probe.attempt.open(path, os.O_RDWR | os.O_DIRECT)
    if direct.error:
        pytest.skip("this file system takes no direct I/O")
    assert probe.check_file(direct.value, SIZE, seed=3).value == 16
    assert probe.write(direct.value, SIZE, seed=4).value == SIZE
    assert probe.attempt.read(direct.value, PAGE, offset=1).error == errno.EINVAL
    for advice in range(6):  # POSIX_FADV_NORMAL … NOREUSE
        probe.fadvise(direct.value, 0, 0, advice)


def test_a_copy(probe: Probe, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(3 * PAGE + 1))
    assert probe.copy(str(source), str(target)).value == 3 * PAGE + 1
    assert target.read_bytes() == source.read_bytes()
    assert os.access(target, os.X_OK)
    assert probe.attempt.copy(str(tmp_path / "nowhere"), str(target)).error == errno.ENOENT
    assert probe.attempt.copy(str(source), str(tmp_path / "no" / "where")).error == errno.ENOENT


def test_a_pattern_that_starts_before_its_file(probe: Probe, tmp_path: Path) -> None:
    fd = probe.create_file(str(tmp_path / "file"), SIZE, seed=5)
    assert probe.check_file(fd, SIZE - PAGE, offset=PAGE, seed=5).value == 15
    probe.write(fd, SIZE - PAGE, offset=PAGE, seed=6)
    assert probe.check_file(fd, SIZE, seed=6, ahead=1).value == 0
    region = probe.map(SIZE, shared=True, fd=fd).fill(7)
    probe.copy(str(tmp_path / "file"), str(tmp_path / "copy"))
    assert probe.check_file(fd, SIZE - PAGE, offset=PAGE, seed=7, ahead=0).value == 15
    assert region.part(PAGE, PAGE).fill(7).check(7) == 1  # the pattern's first page, in the file's second
    assert probe.check_file(fd, PAGE, offset=PAGE, seed=7, ahead=-1).value == 1


def test_what_is_refused_leaves_nothing_open(probe: Probe, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    before = descriptors(probe.pid)
    here, nowhere = str(tmp_path / "file"), str(tmp_path / "no" / "where")
    assert probe.attempt.copy(here, nowhere).error == errno.ENOENT
    assert probe.attempt.copy(nowhere, here).error == errno.ENOENT
    assert probe.attempt.copy(str(tmp_path), here).error == errno.EISDIR
    assert probe.attempt.slurp(str(tmp_path)).error == errno.EISDIR
    assert probe.attempt.list(here).error == errno.ENOTDIR
    assert probe.attempt.put("/proc/version", "text").error in {errno.EACCES, errno.EIO}
    assert descriptors(probe.pid) == before
