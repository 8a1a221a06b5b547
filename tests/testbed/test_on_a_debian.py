"""The local machine on a whole Debian, in short: one boot of what `invoke testbed` does at length."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import catalogue
from harness.errors import Unavailable
from harness.machine.processes import fleet
from harness.testbed import state, subordinate
from harness.testbed.guest import Guest, booted
from harness.testbed.session import Asked, show
from harness.testbed.system import SYSTEMS

pytestmark = pytest.mark.guest

# Settings, a disk on a loop device, caches; a sandbox alone.
EXPERIMENTS = ("drop-page-cache", "exec-mappings")
# One of each kind of thing that a run could leave.
LEFT = """
sysctl -q vm.swappiness=41
mkdir /var/tmp/left /sys/fs/cgroup/left
truncate -s 16M /var/tmp/left/file
device=$(losetup --show --find /var/tmp/left/file); mkswap -q $device; swapon $device; echo $device
truncate -s 64M /var/tmp/left/disk; mke2fs -q /var/tmp/left/disk
disk=$(losetup --show --find /var/tmp/left/disk); echo $disk
unshare --mount sh -ec "mount $disk /mnt; dd if=/dev/zero of=/mnt/swapped bs=1M count=16 status=none
    chmod 600 /mnt/swapped; mkswap -q /mnt/swapped; swapon /mnt/swapped"
mount -t tmpfs tmpfs /srv
ipcmk -M 4096 -p 0600 >&2; ipcmk -Q >&2; ipcmk -S 1 >&2
touch /dev/shm/left /dev/mqueue/left
unshare --mount sh -ec 'mount -t tracefs tracefs /sys/kernel/tracing; cd /sys/kernel/tracing
    mkdir instances/left; echo "p:left do_exit" >>kprobe_events'
sleep 1000 >/dev/null 2>&1 &
"""
UNDO = """
from harness.machine.host.journal import Change
for kind, place, before in [("instance", "/sys/kernel/tracing/instances/left", ""),
                            ("events", "/sys/kernel/tracing/kprobe_events", ""), ("swap", "{device}", ""),
                            ("swap", "/mnt/disk/swapped", "{disk} swapped"), ("loop", "/var/tmp/left/file", ""),
                            ("loop", "/var/tmp/left/disk", ""), ("directory", "/var/tmp/left", ""),
                            ("group", "/sys/fs/cgroup/left", ""), ("setting", "/proc/sys/vm/swappiness", "60")]:
    Change(kind, place, before).undo()
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    try:
        subordinate.require()
    except Unavailable as error:
        pytest.skip(str(error))
    with fleet.running(), booted(SYSTEMS[0], tmp_path_factory.mktemp("testbed") / "console.log") as found:
        yield found


@pytest.mark.parametrize("part", ["user", "root", "kills"])
def test_in_short(guest: Guest, part: str, tmp_path: Path) -> None:
    found = tuple(catalogue.load()[name] for name in EXPERIMENTS)
    shown = show(guest, SYSTEMS[0], tmp_path, Asked((part,), found, "first", rounds=1))
    for one in shown:
        assert one.holds, f"{one.what}: {one.said}"


def test_whatever_is_left_is_seen_and_undone(guest: Guest) -> None:
    guest.must("sysctl -q vm.swappiness=60")
    before = state.read(guest.must)
    device, disk = re.findall(r"/dev/loop\d+", guest.must(LEFT))
    seen = state.since(guest.must, before, settled=0)
    assert {line.split()[0] for line in seen.left} == {
        "process",
        "swap",
        "loop",
        "mount",
        "cgroup",
        "shm",
        "sem",
        "msg",
        "file",
        "instance",
        "probe",
        "/proc/sys/vm/swappiness:41",
    }
    assert sum(line.startswith("swap ") for line in seen.left) == 2
    assert seen.lost == ("/proc/sys/vm/swappiness:60",)
    assert {"file /dev/shm/left", "file /dev/mqueue/left", "file /var/tmp/left/file"} < set(seen.left)
    guest.must(f"python3 -c {shlex.quote(UNDO.format(device=device, disk=disk))}")
    assert {line.split()[0] for line in state.since(guest.must, before, settled=0).left} == {
        "process",
        "mount",
        "shm",
        "sem",
        "msg",
        "file",
    }
