"""Guests: a boot, a restored snapshot, the way to and fro between Python and the agent."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from harness import wire
from harness.bench import local
from harness.bench.comparison import Contender, Limit, Row, interleave
from harness.bench.peers import Missing, virtme_ng
from harness.machine import accelerator, snapshots, vm
from harness.machine.agent import Agent
from harness.machine.kernels import Kernel
from harness.machine.places import place
from harness.machine.qemu import Shape
from harness.machine.vm import VM

SHAPE = Shape()         # 1 GiB, one processor, the two disks: what nearly all experiments ask for
RESTORES, CALLS = 5, 200
BLOCK = 64 << 10


def _opened(opening: Callable[[Path], AbstractContextManager[VM]], directory: Path, times: int) -> Callable[[], list[float]]:
    """A turn: so many guests, one after the other; seconds from the call until each is ready (it has answered)."""
    numbers = itertools.count()

    def turn() -> list[float]:
        found = []
        for _ in range(times):
            with place(alone=True):
                began = time.monotonic()
                with opening(directory / f"{next(numbers)}.log"):
                    found.append(time.monotonic() - began)
        return found

    return turn


def opened(kernel: Kernel, turns: int, directory: Path, peer: bool) -> Row:
    """A restored guest beside a booted one, and, where `peer` says so, one of virtme-ng's."""
    chosen, _ = accelerator.choose(kernel)
    contenders = [
        Contender("restored", _opened(
            lambda console: snapshots.restore(kernel, SHAPE, chosen, 0, console), directory, RESTORES)),
        Contender("booted", _opened(lambda console: vm.boot(kernel, SHAPE, chosen, console), directory, 1))]
    missing = {}
    limits = [Limit(0.080)]
    if peer:
        try:
            other = virtme_ng(kernel)
        except Missing as reason:
            missing["virtme-ng"] = str(reason)
        else:
            contenders.append(Contender("virtme-ng", lambda: [other.boot()]))
            limits.append(Limit(1 / 200, "virtme-ng"))
    return Row("restored guest", "from the call to a guest that has answered, with its disks attached, its clock and "
               "randomness set", "s", interleave(contenders, turns), kernel.series, tuple(limits), missing)


def _asked(agent: Agent, question: Callable[[Agent], object], calls: int) -> Callable[[], list[float]]:
    def turn() -> list[float]:
        began = time.perf_counter()
        for _ in range(calls):
            question(agent)
        return [(time.perf_counter() - began) / calls]

    return turn


def hello(agent: Agent) -> object:
    return agent.call("hello")


def block(agent: Agent) -> object:
    return agent.channel.call("slurp", wire.HAND, (BLOCK, 0), b"/dev/zero", agent.seconds)


def channel(kernel: Kernel, turns: int, directory: Path) -> Iterator[Row]:
    """Questions to a guest's agent, beside the same questions to an agent on this host."""
    chosen, _ = accelerator.choose(kernel)
    questions: Sequence[tuple[str, Callable[[Agent], object], int, str]] = (
        ("round trip", hello, CALLS, "a question of 72 bytes, an answer of about 100"),
        ("answer of 64 KiB", block, CALLS // 4, "through agent and hand"))
    with (place(alone=True), snapshots.restore(kernel, SHAPE, chosen, 0, directory / "channel.log") as guest,
          local.agent() as on_host):
        for name, question, calls, what in questions:
            contenders = [Contender("in a guest", _asked(guest.agent, question, calls)),
                          Contender("on this host", _asked(on_host, question, calls))]
            yield Row(name, what, "s", interleave(contenders, turns), kernel.series)
