"""Whether a kernel can serve as a guest: booted, asked for what the sandbox needs, remembered."""

from __future__ import annotations

import time
from typing import NoReturn

from harness import cache
from harness.errors import MachineLost, Unavailable
from harness.machine import slots
from harness.machine.guest import accelerator, vm
from harness.machine.guest.process import read_end
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import boots, requirements
from harness.machine.kernels.boots import Boot
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet

CONTROLLERS = "/sys/fs/cgroup/cgroup.controllers"


def prove(kernel: Kernel) -> None:
    """Boots a kernel to its guest's first reply. Raises Unavailable where none comes or the guest has no memory controller, and
    names the options that are missing."""
    chosen = accelerator.choose(kernel)[0]
    with cache.workplace(cache.directory("boots") / "proof") as directory, fleet.running(), slots.acquire():
        began = time.monotonic()
        try:
            with vm.boot(kernel, Shape(disks=()), chosen, directory / "console.log") as guest:
                seconds = round(time.monotonic() - began, 1)
                enough = b"memory" in guest.hand.attempt.slurp(CONTROLLERS).text.split()
        except MachineLost as error:
            console = "\n".join(read_end(path) for path in sorted(directory.glob("console*.log")))
            refuse(kernel, chosen, requirements.sentence(kernel, console) or error.reason)
    if not enough:
        refuse(kernel, chosen, "its cgroups have no memory controller, it lacks CONFIG_MEMCG")
    boots.remember(kernel, Boot(chosen, seconds))


def refuse(kernel: Kernel, chosen: str, reason: str) -> NoReturn:
    """Remembers that a kernel does not serve as a guest. Raises Unavailable, always."""
    boots.remember(kernel, Boot(chosen, reason=reason))
    raise Unavailable(
        f"kernel {kernel.release}",
        f"it does not serve as a guest: {reason}",
        "build it with these, or name the directory of its modules with --modules",
    )


def ensure(kernel: Kernel) -> None:
    """Makes sure that a kernel serves as a guest: one that no archive has made for guests is booted, unless one of its guests
    has answered here before. Raises Unavailable."""
    if not kernel.version and not boots.answered(kernel):
        prove(kernel)
