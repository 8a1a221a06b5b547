"""Whether a kernel can serve as a guest: booted, asked for what the sandbox needs, remembered."""

from __future__ import annotations

import time
from pathlib import Path

from harness import cache
from harness.agent.constants import MS_NOATIME
from harness.agent.kernel_words import explained
from harness.claims.needs import DISK, SWAP
from harness.errors import LabError, MachineLost, Unavailable, UsageError
from harness.machine import slots
from harness.machine.guest import accelerator, vm
from harness.machine.guest.process import read_end
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import boots, payload, requirements
from harness.machine.kernels.boots import Boot
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet

CONTROLLERS = "/sys/fs/cgroup/cgroup.controllers"
SEE = "see what is in that image and in its modules"
BUSY = "see what its console said, and try again while this host is less busy"


class Silent(Unavailable):
    """No guest of a kernel has answered."""


def prove(kernel: Kernel) -> None:
    """Boots a kernel and does what experiments begin with: mounts the disk, switches swap on. Raises Unavailable where any of it
    fails, with the options that are missing or what the kernel said (Silent where no reply comes), and UsageError for a damaged
    image."""
    require_whole(kernel)
    chosen = accelerator.choose(kernel)[0]
    kind = Unavailable
    with cache.workplace(cache.directory("proofs") / "proof") as directory:
        try:
            seconds, trouble = _tried(kernel, chosen, directory / "console.log")
        except MachineLost as error:
            kind = Silent
            console = "\n".join(read_end(path) for path in sorted(directory.glob("console*.log")))
            lacking = requirements.lacking(kernel, console)
            trouble = (lacking.sentence, lacking.remedy) if lacking else (error.reason, BUSY)
    if trouble:
        reason, remedy = trouble
        boots.remember(kernel, Boot(chosen, reason=reason))
        raise kind(f"kernel {kernel.release}", f"it does not serve as a guest: {reason}", remedy)
    boots.remember(kernel, Boot(chosen, seconds))


def _tried(kernel: Kernel, chosen: str, console: Path) -> tuple[float, tuple[str, str] | None]:
    """Boots a guest; gives the seconds until it answered, and its shortcoming. Raises MachineLost."""
    # Whatever the kernel says from its first instruction on: one that can't even unpack itself says so, and one that says nothing
    # need not be tried again.
    with fleet.running(), slots.Place():
        began = time.monotonic()
        with vm.boot(kernel, Shape(append=kernel.architecture.board.early), chosen, console, quiet=False) as guest:
            return round(time.monotonic() - began, 1), shortcoming(guest)


def require_whole(kernel: Kernel) -> None:
    """Raises UsageError for an image whose kernel can't be unpacked."""
    try:
        payload.vmlinux(kernel.image.read_bytes())
    except payload.DamagedPayload as error:
        reason = f"is damaged (the kernel in it can't be unpacked: {error})"
        raise UsageError(f"kernel {kernel.image}", reason, "copy it again") from None


def shortcoming(guest: vm.VM) -> tuple[str, str] | None:
    """Says what of an experiment's needs a guest has not, and what to do; None if it has all."""
    if b"memory" not in guest.hand.attempt.slurp(CONTROLLERS).text.split():
        return "its cgroups have no memory controller, it lacks CONFIG_MEMCG", "build it with this option"
    hand = guest.hand
    hand.attempt.mkdir("/mnt/proof")
    try:
        disk, swap = guest.device(DISK.name), guest.device(SWAP.name)
        explained(hand, lambda: hand.mount(disk, "/mnt/proof", "ext4", "", MS_NOATIME))
        explained(hand, lambda: hand.swapon(swap))
    except MachineLost:
        raise
    except LabError as error:
        lacking = requirements.by_configuration(guest.kernel)
        return (f"{error.reason}; {lacking.sentence}", lacking.remedy) if lacking else (error.reason, SEE)
    return None


def ensure(kernel: Kernel) -> None:
    """Makes sure that a kernel serves as a guest: one that has not done so here before is proved. Raises Unavailable and
    UsageError. An archive's whose guests are lost is left to the run, which boots again and tells of it."""
    if not boots.proved(kernel):
        try:
            prove(kernel)
        except Silent:
            if not kernel.version:
                raise
