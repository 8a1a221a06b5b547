"""Guests: booted, kept as snapshots, restored. All of them real."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from harness import cache
from harness.claims.needs import DISK
from harness.errors import MachineLost
from harness.linux.sizes import MIB
from harness.machine import disks, initramfs, processes
from harness.machine.guest import accelerator, snapshots, vm
from harness.machine.guest.qemu import Shape
from harness.machine.guest.vm import VM
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet

pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    return find.by_name()


@pytest.fixture(scope="module")
def accelerated(kernel: Kernel) -> str:
    return accelerator.choose(kernel)[0]


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    with fleet.running():
        yield


def slurp(guest: VM, path: str, limit: int = 0) -> bytes:
    return guest.hand.slurp(path, limit).text


def test_boot(kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    with vm.boot(kernel, Shape(), accelerated, tmp_path / "console.log") as guest:
        assert guest.info.release == kernel.release
        assert guest.info.agent_pid == 1
        assert b"memory" in slurp(guest, "/sys/fs/cgroup/cgroup.controllers")
        assert len(slurp(guest, "/proc/partitions").splitlines()) == 4
    assert guest.qemu.process.returncode is not None


def test_clones_are_fresh_and_apart(kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    """Two guests of one snapshot: the right clock, other random bytes, nothing of each other's files."""
    random, names = [], []
    for number in (1, 2):
        with snapshots.restore(kernel, Shape(), accelerated, 0, tmp_path / f"{number}.log") as guest:
            assert guest.restored
            random.append(slurp(guest, "/dev/urandom", 32))
            names.append(guest.hand.list("/tmp").text)
            guest.hand.put("/tmp/mark", "here", os.O_CREAT)
            uptime = float(slurp(guest, "/proc/uptime").split()[0])
            booted = int(slurp(guest, "/proc/stat").split(b"btime ")[1].split()[0])
            assert abs(booted + uptime - time.time()) < 30, "the clone's clock stands where its snapshot was taken"
    assert random[0] != random[1]
    assert names == [b"", b""]


def test_a_guest_that_was_launched_ahead(kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    """It stands still, goes on when it is told to, and is gone once it is closed, resumed or not."""
    snapshots.ensure(kernel, Shape(), accelerated, 0)
    for resumed in (True, False):
        waiting = snapshots.launch(kernel, Shape(), accelerated, 0, tmp_path / "console.log")
        assert waiting
        waiting.ready()
        assert waiting.process.monitor("query-status")["status"] == "paused"
        if resumed:
            assert snapshots.restore(kernel, Shape(), accelerated, 0, tmp_path / "other.log", waiting).restored
        waiting.close()
        assert waiting.process.process.returncode is not None


def test_a_machine_whose_parent_died_before_it_could_be_told(tmp_path: Path) -> None:
    """Its parent is another than the one that started it: it ends at once."""
    begun = tmp_path / "begun"
    for parent, there in ((1, False), (os.getpid(), True)):
        done = subprocess.run([*processes.with_parent(parent), "touch", begun], check=False)
        assert (begun.exists(), done.returncode == 0) == (there, there)


def test_a_snapshot_that_cannot_be_loaded_is_made_anew(kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    shape = Shape(memory=256 * MIB)
    directory = snapshots.ensure(kernel, shape, accelerated, 0)
    waiting = snapshots.launch(kernel, shape, accelerated, 0, tmp_path / "console.log")
    assert waiting
    waiting.process.process.kill()
    made = (directory / "info.json").read_text()
    with snapshots.restore(kernel, shape, accelerated, 0, tmp_path / "console.log", waiting) as guest:
        assert guest.info.release == kernel.release
    assert (directory / "info.json").read_text() != made


def test_a_snapshot_covers_all_that_went_into_it(kernel: Kernel, accelerated: str) -> None:
    keys = {
        snapshots.key(kernel, shape, accelerated)
        for shape in (Shape(), Shape(memory=512 * MIB), Shape(cpus=2), Shape(append="x"), Shape(thp="always"))
    }
    assert len(keys) == 5


def test_a_guest_with_nodes_is_restored_too(kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    """Its memory lies in a file a node; a clone's changes stay its own."""
    shape = Shape(memory=256 * MIB, nodes=2)
    for number in (1, 2):
        with snapshots.restore(kernel, shape, accelerated, 0, tmp_path / f"{number}.log") as guest:
            assert slurp(guest, "/sys/devices/system/node/online") == b"0-1\n"
            assert guest.hand.list("/tmp").text == b""
            guest.hand.put("/tmp/mark", "here", os.O_CREAT)


def flip(path: Path) -> None:
    """Flips one bit in the middle of a file's data, and sets its time back, as a disk that rots does not change it."""
    before = path.stat()
    with open(path, "r+b") as file:
        at = os.lseek(file.fileno(), before.st_size // 2, os.SEEK_DATA)
        (byte,) = os.pread(file.fileno(), 1, at)
        os.pwrite(file.fileno(), bytes([byte ^ 1]), at)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("damaged", ["state", "ram", "info.json"])
def test_a_damaged_snapshot_is_made_anew(damaged: str, kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    shape = Shape(memory=256 * MIB)
    directory = snapshots.ensure(kernel, shape, accelerated, 0)
    made = (directory / "info.json").read_text()
    if damaged == "info.json":
        (directory / damaged).write_text("[]")
    else:
        flip(directory / damaged)
    assert snapshots.launch(kernel, shape, accelerated, 0, tmp_path / "console.log") is None
    with snapshots.restore(kernel, shape, accelerated, 0, tmp_path / "console.log") as guest:
        assert guest.info.release == kernel.release
    assert (directory / "info.json").read_text() != made


def test_a_snapshot_is_read_only_where_it_was_written_to(
    kernel: Kernel, accelerated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests that were restored from it have not: their changes are their own."""
    shape = Shape(memory=256 * MIB)
    directory = snapshots.ensure(kernel, shape, accelerated, 0)
    with snapshots.restore(kernel, shape, accelerated, 0, tmp_path / "console.log") as guest:
        guest.hand.put("/tmp/mark", "here", os.O_CREAT)
    monkeypatch.setattr(cache, "digest_of", lambda path: pytest.fail(f"{path} was read again"))
    assert snapshots.ensure(kernel, shape, accelerated, 0) == directory
    monkeypatch.undo()
    os.utime(directory / "ram")
    made = (directory / "info.json").read_text()
    assert snapshots.ensure(kernel, shape, accelerated, 0) == directory  # read again, and found whole
    assert json.loads((directory / "info.json").read_text())["made"] == json.loads(made)["made"]


def test_a_damaged_first_file_system_is_made_anew(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path))
    path, digest = initramfs.make(kernel)
    flip(path)
    assert cache.intact(path) is None
    assert initramfs.make(kernel) == (path, digest)
    assert cache.digest_of(path) == digest


def test_a_damaged_disk_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path))
    path, digest = disks.image(DISK, 4096), disks.digest(DISK, 4096)
    flip(path)
    assert disks.digest(DISK, 4096) == digest
    assert cache.digest_of(path) == digest


def test_a_guest_without_an_agent_is_lost_and_says_why(kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    shape = Shape(memory=256 * MIB, append="rdinit=/nonexistent")
    with pytest.raises(MachineLost, match="panic"):
        vm.boot(kernel, shape, accelerated, tmp_path / "console.log")
    assert len(list(tmp_path.glob("console*.log"))) == vm.BOOT_TRIES


def test_an_interruption_ends_a_guest_that_boots(kernel: Kernel, accelerated: str, tmp_path: Path) -> None:
    """Its process is gone, and nothing is started in its place."""
    with ThreadPoolExecutor(1) as pool:
        with suppress(KeyboardInterrupt), fleet.running():
            booting = pool.submit(vm.boot, kernel, Shape(), accelerated, tmp_path / "console.log")
            deadline = time.monotonic() + 30
            while not (tmp_path / "console.log").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            raise KeyboardInterrupt
        began = time.monotonic()
        with pytest.raises(MachineLost):
            booting.result()
        assert time.monotonic() - began < 5
    assert not len(fleet)
    assert len(list(tmp_path.glob("console*.log"))) == 1
    with pytest.raises(MachineLost, match="interrupted"):
        vm.boot(kernel, Shape(), accelerated, tmp_path / "again.log")


def test_a_snapshot_that_another_process_clears_meanwhile_breaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run once broke where another one, with the same cache, removed a snapshot while this one added up their sizes."""
    made = tmp_path / "snapshots" / "key" / "2"
    made.mkdir(parents=True)
    (made / "ram").write_bytes(os.urandom(MIB))
    scanned = os.scandir

    def gone(path: str | Path) -> Iterator[os.DirEntry[str]]:
        (made / "ram").unlink()
        made.rmdir()
        return scanned(path)

    monkeypatch.setattr(os, "scandir", gone)
    assert snapshots.size(made) == 0


def test_old_snapshots_are_cleared_by_size(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself: many trials of one experiment take no more than all of them may. The one used last stays, and the one
    that is needed now."""
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path))
    made = []
    for number in range(4):
        made.append(tmp_path / "snapshots" / "key" / str(number))
        made[-1].mkdir(parents=True)
        (made[-1] / "ram").write_bytes(os.urandom(MIB))
        (made[-1] / "info.json").write_text("{}")
        os.utime(made[-1] / "info.json", (number, number))
    snapshots.clear(limit=100 * MIB)
    assert all(path.exists() for path in made)
    snapshots.clear(limit=2 * MIB + 2 * 4096, keep=made[0])
    assert [path.exists() for path in made] == [True, False, False, True]
