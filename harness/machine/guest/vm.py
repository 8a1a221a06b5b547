"""The `vm` machine: a throw-away guest under QEMU, booted, or restored from a snapshot of a booted one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.agent.agent import Agent, Info, greet, patience
from harness.agent.target import Target, hand_of
from harness.errors import LabError, MachineLost, Skip
from harness.machine import allocators, initramfs
from harness.machine.guest import qemu
from harness.machine.guest.heard import Heard
from harness.machine.guest.process import CONSOLE_LIMIT, HALTED, Qemu, read_end
from harness.machine.guest.qemu import Memory, Shape
from harness.machine.kernels import modules
from harness.machine.kernels.kernel import Kernel
from harness.machine.slots import Place

# A quiet boot takes 2-4 s without hardware virtualisation, 17 s were seen at load 11 (vm-facts).
BOOT_SECONDS = 30
HEARD_SECONDS = 120  # for one of which something is heard all the time
BOOT_TRIES = 3
DEBUGGED_SECONDS = 7 * 86400  # who stands at a breakpoint is in no hurry


@dataclass(eq=False)
class VM:
    """A running guest. boots: how many boots it took (more than 1: counted retries)."""

    kernel: Kernel
    shape: Shape
    accelerator: str
    qemu: Qemu
    agent: Agent
    info: Info
    boots: int = 1
    restored: bool = False
    name: str = "vm"
    idle: int = 0  # nothing else runs in a guest
    place: Place | None = None

    @property
    def groups(self) -> str:
        return "/sys/fs/cgroup/lab"

    @property
    def pinned(self) -> dict[str, str]:
        return {}  # THP stands on its command line, and is read back as all else

    @property
    def left(self) -> frozenset[str]:
        return frozenset()

    @property
    def facts(self) -> dict[str, Any]:
        return {}

    @property
    def hand(self) -> Target:
        """Gives its hand for looks that are no evidence."""
        return hand_of(self.agent)

    def device(self, name: str) -> str:
        """Gives the block device whose serial number is the disk's name. Raises LabError where there is none."""
        hand = self.hand.attempt  # not every block device has a serial number
        for block in hand.list("/sys/block").text.decode().split("\0"):
            if block and hand.slurp(f"/sys/block/{block}/serial").text.decode().strip() == name:
                return f"/dev/{block}"
        raise LabError(f"disk {name}", "the machine has none of that name", "name it in the experiment's needs")

    def modules(self, wanted: Sequence[str]) -> list[modules.Module]:
        """Gives modules out of the kernel's tree. Raises Skip for one that is neither there nor built in."""
        if missing := modules.missing(self.kernel, wanted):
            raise Skip(f"this kernel has no module {missing[0]}, nor is it built in")
        return modules.load_order(self.kernel, wanted)

    environment = staticmethod(allocators.environment)

    def processor_seconds(self) -> float | None:
        return self.qemu.processor_seconds()

    @contextmanager
    def aside(self) -> Iterator[None]:
        if self.place is None:
            yield
            return
        quiet = self.place.quiet
        self.place.leave()
        yield
        self._enter(self.place, quiet)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        if self.place is None or self.place.quiet:
            yield
            return
        for quiet in (True, False):
            self.place.leave()
            self._enter(self.place, quiet)
            if quiet:
                yield

    def _enter(self, place: Place, quiet: bool) -> None:
        """Waits for a place. The guest stands still meanwhile, its clock too: to it no time passes. What its disks are
        about to do they do before, whatever their rate."""
        if place.enter(quiet, waits=False):
            return
        waited = place.waited
        self.qemu.monitor("stop")
        place.enter(quiet)
        self.qemu.monitor("cont")
        self.agent.postpone(place.waited - waited)

    def close(self) -> None:
        self.qemu.close()

    def console(self) -> str:
        """Reads what the guest has printed on its serial console so far."""
        return read_end(self.qemu.console, CONSOLE_LIMIT)

    def __enter__(self) -> VM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _boot_once(kernel: Kernel, shape: Shape, accelerator: str, console: Path, memory: Memory, quiet: bool) -> VM:
    archive, _ = initramfs.make(kernel, ((name, Path(path)) for name, path in shape.programs))
    process = Qemu(qemu.command_line(kernel, shape, archive, accelerator, memory, quiet), console, accelerator=accelerator)
    try:
        if shape.gdb:
            agent, info = greet(process, DEBUGGED_SECONDS, DEBUGGED_SECONDS)
        elif quiet:
            agent, info = greet(process, patience(BOOT_SECONDS))
        else:
            agent, info = greet(Heard(process), patience(HEARD_SECONDS))
        require_booted(kernel, info)
    except BaseException:
        process.close()
        raise
    return VM(kernel, shape, accelerator, process, agent, info)


def require_booted(kernel: Kernel, info: Info) -> None:
    """Raises LabError where a guest says that it is another kernel than was booted: nothing that it says counts then."""
    if info.release != kernel.release:
        raise LabError(
            f"kernel {kernel.release}",
            f"its guest says that it is {info.release}",
            "see what is in that image and in its modules",
        )


def boot(
    kernel: Kernel, shape: Shape, accelerator: str, console: Path, memory: Memory | None = None, *, quiet: bool = True
) -> VM:
    """Boots a guest, to be closed by whoever asked. A lost boot is tried again, with the kernel's whole log on the console,
    and counted; but not that of a kernel that was to log all and has said nothing, or that has halted. quiet: the first boot's
    log has warnings only."""
    for attempt in range(1, BOOT_TRIES + 1):
        log = console if attempt == 1 else console.with_suffix(f".boot-{attempt}{console.suffix}")
        try:
            vm = _boot_once(kernel, shape, accelerator, log, memory or Memory(), quiet=quiet and attempt == 1)
        except MachineLost as error:
            last = error
            if "agent: no port" in error.reason:
                break  # it will not grow one: the kernel has no driver for it
            said = read_end(log)
            if HALTED in said or not (said.strip() or (quiet and attempt == 1)):
                break
        else:
            vm.boots = attempt
            return vm
    raise MachineLost(
        f"kernel {kernel.release}", f"no answer in {attempt} {'boot' if attempt == 1 else 'boots'}: {last.reason}", last.remedy
    )


def set_clock_and_randomness(vm: VM) -> None:
    """Sets a clone's clock, which stands where its snapshot was taken, and gives it random numbers of its own: its stream is
    that of every other clone."""
    hand = vm.hand.attempt
    for what, reply in (("reseed", hand.reseed(os.urandom(64))), ("set_clock", hand.set_clock(time.time_ns()))):
        if reply.error:
            raise LabError("guest", f"{what}: {os.strerror(reply.error)}", "use --fresh-boot")
