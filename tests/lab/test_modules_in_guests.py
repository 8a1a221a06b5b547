"""Modules, file systems and swap that are not built in, in real guests."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.agent.constants import BTRFS_MAGIC, OVERLAYFS_MAGIC, PAGEOUT, XFS_MAGIC
from harness.claims.needs import Disk, Needs
from harness.errors import LabError, Skip
from harness.lab.lab import Lab
from harness.linux.sizes import MIB
from harness.machine import disks
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from tests.guests import ORDINARY, every_kernel, lab_in

pytestmark = pytest.mark.guest

SIZE = 4 * MIB


@pytest.fixture(scope="module", params=every_kernel(), ids=lambda kernel: kernel.series)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    kernel: Kernel = request.param
    with lab_in(kernel, tmp_path_factory.mktemp(kernel.series)) as found:
        yield found


def test_swap_in_compressed_memory(lab: Lab) -> None:
    device = lab.swapon_zram(64 * MIB, priority=5)
    assert lab.read("/proc/swaps").splitlines()[1].split() == [device, "partition", str(64 * 1024 - 4), "0", "5"]
    region = lab.probe("swapped").map(SIZE).fill()
    region.probe.madvise(region.address, SIZE, PAGEOUT)
    assert int(lab.read("/sys/block/zram0/mm_stat").split()[0]) > SIZE // 2
    assert region.check() == SIZE // lab.page_size
    assert lab.hand.attempt.list("/modules").text.count(b"zram") == 0


def test_what_is_there_already_is_no_error(lab: Lab) -> None:
    lab.load_modules("ext4", "brd")
    lab.load_modules("brd")
    assert lab.hand.stat("/dev/ram0").error == 0


def test_a_module_that_the_kernel_has_not(lab: Lab) -> None:
    with pytest.raises(Skip, match="no module none_such"):
        lab.load_modules("none-such")


def test_what_the_kernel_says_of_a_mount_that_fails(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"mount /dev/\w+: .*; the kernel says: .*ext4") as raised:
        lab.mount(lab.device("swap"), "/mnt/wrong", "ext4")
    assert "\n" not in str(raised.value)
    lab.hand.attempt.rmdir("/mnt/wrong")


def test_an_ordinary_kernel(tmp_path: Path) -> None:
    """Its ext4 is a module, which wants a check sum that it does not depend on."""
    kernel = next((one for one in find.fetched() if one.label == ORDINARY), None)
    if kernel is None:
        pytest.skip(f"kernel {ORDINARY} is not fetched: `./bootstrap test` does it, where the archive has it")
    with lab_in(kernel, tmp_path) as lab:
        loaded = {line.split()[0] for line in lab.read("/proc/modules").splitlines()}
        assert {"ext4", "jbd2", "crc32c_generic", "virtio_blk"} <= loaded
        lab.probe().create_file(f"{lab.mount_disk()}/file", SIZE)
        assert lab.swapon() in lab.read("/proc/swaps")


def test_an_overlay(lab: Lab) -> None:
    tmpfs, probe = lab.mount_tmpfs("images"), lab.probe("container")
    lab.hand.mkdir(f"{tmpfs}/lower")
    probe.create_file(f"{tmpfs}/lower/file", SIZE, seed=3)
    merged = lab.mount_overlay(f"{tmpfs}/lower", tmpfs)
    assert lab.hand.statfs(merged).value == OVERLAYFS_MAGIC
    fd = probe.open(f"{merged}/file", os.O_RDWR).value
    probe.write(fd, lab.page_size, seed=4)
    assert probe.check_file(fd, SIZE, seed=3).value == SIZE // lab.page_size - 1
    assert lab.hand.attempt.stat(f"{tmpfs}/upper/file").error == 0
    assert lab.hand.attempt.stat(f"{tmpfs}/lower/none").error == errno.ENOENT


@pytest.mark.parametrize(("kind", "magic"), [("xfs", XFS_MAGIC), ("btrfs", BTRFS_MAGIC)])
def test_other_file_systems(tmp_path: Path, kind: str, magic: int) -> None:
    disk = Disk("disk", kind, 512 * MIB)
    if reason := disks.why_not(disk, 4096):
        pytest.skip(reason)
    (kernel, *_) = every_kernel()
    with lab_in(kernel, tmp_path, Needs(disks=(disk,))) as lab:
        place, probe = lab.mount_disk(), lab.probe()
        assert lab.hand.statfs(place).value == magic
        fd = probe.create_file(f"{place}/file", SIZE, seed=3)
        probe.fsync(fd)
        assert probe.check_file(fd, SIZE, seed=3).value == SIZE // lab.page_size


def test_a_file_system_in_user_space(lab: Lab) -> None:
    """Its pages are page cache: clean ones go with drop_caches, and come again from the process that serves them."""
    server, reader = lab.probe("server"), lab.probe("reader")
    place = lab.mount_fuse(server, SIZE)
    assert lab.hand.attempt.stat(f"{place}/none").error == errno.ENOENT
    for _ in range(2):
        fd = reader.open(f"{place}/file", os.O_RDWR).value
        assert reader.read(fd, SIZE).value == SIZE
        kind, data = lab.file_pages(f"{place}/file")
        assert (kind, sum(data)) == ("mincore", SIZE // lab.page_size)
        lab.drop_caches(1)
        assert sum(lab.file_pages(f"{place}/file")[1]) == 0
    assert reader.write(fd, lab.page_size).value == lab.page_size
    assert reader.fsync(fd).error == 0
