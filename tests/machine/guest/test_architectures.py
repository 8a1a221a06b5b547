"""Guests of other architectures than this host's: they boot, are saved and restored, and their probes are driven."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.claims.needs import SWAP
from harness.linux.architecture import AMD64, ARM64, Architecture
from harness.linux.sizes import MIB
from harness.machine import disks
from harness.machine.guest import accelerator, snapshots, vm
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import find
from harness.machine.processes import fleet

pytestmark = pytest.mark.guest
OTHER = AMD64 if ARM64.is_native else ARM64


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    with fleet.running():
        yield


def require(one: Architecture) -> None:
    """Skips where this host can't make guests of an architecture, and says what would bring them."""
    for tool, package in ((one.board.qemu, one.board.package), (one.compiler, one.compiler_packages)):
        if not shutil.which(tool):
            pytest.skip(f"no {tool}: ./bootstrap test installs {package}")


def test_a_guest_of_another_architecture_is_restored_and_carries_out_operations(tmp_path: Path) -> None:
    require(OTHER)
    kernel = find.by_name("6.12", arch=OTHER)
    assert kernel.architecture is OTHER
    assert accelerator.choose(kernel)[0] == "tcg"
    with snapshots.restore(kernel, Shape(memory=256 * MIB), "tcg", 0, tmp_path / "console.log") as guest:
        assert (guest.info.arch, guest.info.page_size) == (OTHER.machine, kernel.page_size)
        assert guest.restored
        assert guest.device("disk").startswith("/dev/vd")
        hand = guest.hand
        hand.mkdir("/mnt/disk")
        hand.mount(guest.device("disk"), "/mnt/disk", "ext4")
        hand.swapon(guest.device("swap"))
        number, _ = guest.agent.spawn(["/programs/probe", str(guest.info.agent_pid)])
        assert guest.agent.ended(number) is None
        address = hand.mmap(MIB).value
        hand.fill(address, MIB)
        assert hand.check(address, MIB).value == MIB // guest.info.page_size


def test_a_direct_read_is_one_on_every_architecture(tmp_path: Path) -> None:
    """O_DIRECT has another number on ARM, where x86's is O_DIRECTORY."""
    require(OTHER)
    kernel = find.by_name("6.12", arch=OTHER)
    with vm.boot(kernel, Shape(memory=256 * MIB), "tcg", tmp_path / "console.log") as guest:
        device = guest.device("disk")
        fd = guest.hand.open(device, OTHER.o_direct).value
        assert guest.hand.read(fd, 4 * kernel.page_size).value == 4 * kernel.page_size
        assert guest.hand.attempt.read(fd, 100).error == 22  # EINVAL: no multiple of a sector


def test_images_of_swap_are_for_pages_of_their_machine() -> None:
    """The header counts in pages (mkswap(8)): its mark stands at the end of the first one."""
    for page in (4096, 16384):
        with disks.image(SWAP, page).open("rb") as file:
            assert file.read(page).endswith(b"SWAPSPACE2")
