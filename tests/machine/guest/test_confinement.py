"""What QEMU may do on this host, where its files may lie, and that a guest is what was booted."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import LabError, MachineLost
from harness.linux import architecture
from harness.linux.sizes import MIB
from harness.machine import disks
from harness.machine.guest import confinement, process, snapshots, vm
from harness.machine.guest.confinement import GROUPS, USER, Confinement
from harness.machine.guest.monitor import Monitor, Silent
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import find
from harness.machine.processes import fleet

SMALL = Shape(memory=256 * MIB)


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    with fleet.running():
        yield


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.guest
def test_qemu_is_confined(tmp_path: Path) -> None:
    found = confinement.confinement(disks.tool(architecture.of_host().board.qemu))
    with snapshots.restore(find.by_name(), SMALL, "tcg", 0, tmp_path / "console.log") as guest:
        status = status_of(guest.qemu.process.pid)
        assert status["NoNewPrivs"] == "1"
        if found.sandbox:
            assert status["Seccomp"] == "2"
        if found.user is not None:
            assert status["Uid"].split() == [str(USER)] * 4
            assert status["Gid"].split() == [str(USER)] * 4
            assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
            assert status["Groups"] == ""
        assert "nic" not in guest.qemu.monitor("human-monitor-command", **{"command-line": "info network"}).lower()
        assert not [path for path in Path(f"/proc/{guest.qemu.process.pid}/fd").iterdir() if "inet" in os.readlink(path)]


@pytest.mark.guest
def test_it_ends_with_its_parent_all_the_same(tmp_path: Path) -> None:
    """The kernel forgets PR_SET_PDEATHSIG where a process becomes another user's: it is set after that."""
    script = f"""
import time
from pathlib import Path
from harness.machine.guest import vm
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import find
from harness.machine.processes import fleet
with fleet.running():
    guest = vm.boot(find.by_name(), Shape(memory=256 << 20), "tcg", Path({str(tmp_path / "console.log")!r}))
    print(guest.qemu.process.pid, flush=True)
    time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()


def test_a_qemu_that_bears_nothing_works_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without seccomp QEMU refuses the option; where no other user can be had setpriv fails."""
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
    refuses = {
        "sandbox": 'case "$*" in *-sandbox*) exit 1;; esac; exit 0',
        "groups": 'case "$*" in *spawn=deny*) exit 1;; esac; exit 0',
        "nothing": "exit 0",
    }
    for name, script in refuses.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    tmp_path.chmod(0o755)
    assert confinement.confinement(str(tmp_path / "sandbox")).sandbox == ""
    assert confinement.confinement(str(tmp_path / "groups")).sandbox == "on"
    assert confinement.confinement(str(tmp_path / "nothing")).sandbox == GROUPS
    assert "without a sandbox" in str(Confinement(None, ""))
    assert Confinement(None, "").before("tcg") == ("--no-new-privs",)


@pytest.mark.guest
def test_paths_of_any_kind(tmp_path: Path) -> None:
    """What would be QEMU's own syntax in a path: it gets files that are open already."""
    odd = tmp_path / "a,b=c 'd' \"e\" $f\n,,g\\"
    odd.mkdir()
    kernel = find.by_name()
    shutil.copy2(kernel.image, odd / "vmlinuz")
    (odd / "vmlinuz").chmod(0o600)  # QEMU's user can't read it: it gets a copy
    odd.chmod(0o700)
    with vm.boot(replace(kernel, image=odd / "vmlinuz"), SMALL, "tcg", odd / "console.log") as guest:
        assert guest.info.release == kernel.release
        assert guest.hand.slurp("/proc/version").text


@pytest.mark.guest
def test_a_guest_that_is_not_what_was_booted(tmp_path: Path) -> None:
    kernel = replace(find.by_name(), release="9.9.9-other")
    with pytest.raises(LabError, match=r"9\.9\.9-other: its guest says that it is 6\."):
        vm.boot(kernel, SMALL, "tcg", tmp_path / "console.log")
    assert not len(fleet)


@pytest.mark.guest
def test_a_guest_that_prints_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "CONSOLE_LIMIT", 1 * MIB)
    with vm.boot(find.by_name(), SMALL, "tcg", tmp_path / "console.log") as guest:
        with open(tmp_path / "console.log", "ab") as console:
            console.write(b"x" * (2 * MIB))
        with pytest.raises(MachineLost, match="it printed more than 1 MiB") as caught:
            guest.hand.begin.sleep(60_000_000_000).wait(60)
        assert len(str(caught.value)) < 2000


def test_only_the_end_of_a_console_is_read(tmp_path: Path) -> None:
    (tmp_path / "console").write_bytes(b"a" * 100 + b"end")
    assert process.read_end(tmp_path / "console", 5) == "aaend"[-5:]
    assert process.read_end(tmp_path / "missing") == ""


def test_a_monitor_that_greets_nobody() -> None:
    """A QEMU that was stopped at its start: its monitor's greeting never comes."""
    ours, theirs = socket.socketpair()
    monitor = Monitor(ours, lambda: None)
    with theirs:
        began = time.monotonic()
        with pytest.raises(Silent, match="no greeting in 1 s"):
            monitor.command("query-status", 1)
        with pytest.raises(Silent, match="not answered before"):  # asked nothing more
            monitor.command("query-status", 60)
        monitor.close()
        assert time.monotonic() - began < 10


def test_a_machine_is_looked_at_while_its_monitor_is_waited_for() -> None:
    def look() -> None:
        raise MachineLost("guest", "it was stopped")

    ours, theirs = socket.socketpair()
    monitor = Monitor(ours, look)
    with theirs:
        with pytest.raises(MachineLost, match="it was stopped"):
            monitor.command("query-status", 60)
        began = time.monotonic()
        with pytest.raises(Silent, match="not answered before"):  # given up, it is not waited for again
            monitor.command("query-status", 60)
        assert time.monotonic() - began < 5
    monitor.close()
