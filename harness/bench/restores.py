"""Guests at work: how long it takes until a guest has done its first step, and how the slowest of many restores lie."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from harness.agent import wire
from harness.bench.comparison import Contender, Row, Timing, interleave
from harness.bench.guests import RESTORES, SHAPE, launched
from harness.bench.sampling import SMALL, files, touch, watch
from harness.errors import LabError
from harness.lab.sampler import NAMED
from harness.machine.guest import accelerator, snapshots, vm
from harness.machine.guest.vm import VM
from harness.machine.kernels.kernel import Kernel
from harness.machine.slots import Place

FEW, MANY = 100, 1000  # restores, of which percentiles are told; many with --long
PROBE = "/programs/probe"


def step(guest: VM) -> None:
    """Does what nearly every procedure begins with: starts a probe, which writes memory, and takes a sample. What is done for the
    first time in a clone is translated anew where it is emulated, so that a guest that answers is not yet one that works."""
    pid = touch(guest.agent, PROBE, guest.info.agent_pid, SMALL)
    watch(guest.agent, files(pid, None))
    _, _, found = wire.sections(guest.agent.call("sample", NAMED).text)
    if not all(text for _, _, text in found):
        raise LabError("bench", "a guest's first sample lacks a file", "run it again")


def timed(opening: Callable[[], AbstractContextManager[VM]]) -> tuple[float, float]:
    """Measures one guest: seconds from the call until it has answered, and until its first step is done."""
    with Place(quiet=True):
        began = time.monotonic()
        with opening() as guest:
            answered = time.monotonic()
            step(guest)
            return answered - began, time.monotonic() - began


def _ahead(kernel: Kernel, accelerated: str, console: Path) -> float:
    """Measures a guest whose QEMU was launched ahead: seconds from the call to go on until its first step is done."""
    with launched(kernel, accelerated, console) as waiting:
        began = time.monotonic()
        step(waiting.resume())
        return time.monotonic() - began


def ways(kernel: Kernel) -> Iterator[tuple[str, str]]:
    """Gives how guests are run here, each with what its rows are called: as always, and, where that is under KVM, emulated."""
    chosen, _ = accelerator.choose(kernel)
    yield chosen, ""
    if chosen == "kvm":
        yield "tcg", ", emulated"


def rows(kernel: Kernel, turns: int, many: int, directory: Path) -> Iterator[Row]:
    """Measures the first step of restored, launched and booted guests, and so many restores."""
    for accelerated, called in ways(kernel):
        snapshots.ensure(kernel, SHAPE, accelerated, 0)
        yield from _measured(kernel, accelerated, called, turns, many, directory)


def _measured(kernel: Kernel, accelerated: str, called: str, turns: int, many: int, directory: Path) -> Iterator[Row]:
    numbers = itertools.count()

    def console() -> Path:
        return directory / f"step-{accelerated}-{next(numbers)}.log"

    def restored() -> tuple[float, float]:
        return timed(lambda: snapshots.restore(kernel, SHAPE, accelerated, 0, console()))

    contenders = (
        Contender("restored", lambda: [restored()[1] for _ in range(RESTORES)]),
        Contender("launched ahead", lambda: [_ahead(kernel, accelerated, console()) for _ in range(RESTORES)]),
        Contender("booted", lambda: [timed(lambda: vm.boot(kernel, SHAPE, accelerated, console()))[1]]),
    )
    what = "from the call until a probe has started and written 1 MiB, and a sample of it is here"
    yield Row(f"first step{called}", what, "s", interleave(contenders, turns), kernel.series)
    answered, worked = zip(*(restored() for _ in range(many)), strict=True)
    timings = Timing("until the first step", (worked,)), Timing("until it has answered", (answered,))
    yield Row(f"many restores{called}", f"{many} of them, one after the other, {what}", "s", timings, kernel.series)
