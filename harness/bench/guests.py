"""Guests: a boot, a restored snapshot, the way to and fro between Python and the agent."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from harness.agent.agent import Agent
from harness.agent.target import hand_of
from harness.bench import local
from harness.bench.comparison import Contender, Limit, Row, interleave
from harness.bench.peers import Missing, virtme_ng
from harness.errors import LabError
from harness.machine.guest import accelerator, snapshots, vm
from harness.machine.guest.qemu import Shape
from harness.machine.guest.vm import VM
from harness.machine.kernels.kernel import Kernel
from harness.machine.slots import Place

SHAPE = Shape()  # 1 GiB, one processor, the two disks: what nearly all experiments ask for
RESTORES, CALLS = 5, 200
BLOCK = 64 << 10


def _opened(opening: Callable[[Path], AbstractContextManager[VM]], directory: Path, times: int) -> Callable[[], list[float]]:
    """Measures a turn of so many guests, one after the other: seconds from the call until each is ready (it has answered)."""
    numbers = itertools.count()

    def turn() -> list[float]:
        found = []
        for _ in range(times):
            with Place(quiet=True):
                began = time.monotonic()
                with opening(directory / f"{next(numbers)}.log"):
                    found.append(time.monotonic() - began)
        return found

    return turn


@contextmanager
def launched(kernel: Kernel, accelerated: str, console: Path) -> Iterator[snapshots.Waiting]:
    """Launches a guest's QEMU ahead, where nothing else works: it is ready to go on. Raises LabError without its snapshot."""
    with Place(quiet=True):
        waiting = snapshots.launch(kernel, SHAPE, accelerated, 0, console)
        if waiting is None:
            raise LabError("bench", "its snapshot is gone", "run it again")
        with closing(waiting):
            waiting.ready()
            yield waiting


def _resumed(kernel: Kernel, accelerated: str, directory: Path) -> Callable[[], list[float]]:
    """Measures a turn of guests whose QEMU was launched ahead: seconds from the call to go on until each is ready."""
    numbers = itertools.count()

    def turn() -> list[float]:
        found = []
        for _ in range(RESTORES):
            with launched(kernel, accelerated, directory / f"ahead-{next(numbers)}.log") as waiting:
                began = time.monotonic()
                waiting.resume()
                found.append(time.monotonic() - began)
        return found

    return turn


def opened(kernel: Kernel, turns: int, directory: Path, peer: bool) -> Iterator[Row]:
    """Measures restored guests, launched on demand and ahead, beside booted ones and, where `peer` says so, virtme-ng's."""
    chosen, _ = accelerator.choose(kernel)
    snapshots.ensure(kernel, SHAPE, chosen, 0)
    contenders = [
        Contender("launched ahead", _resumed(kernel, chosen, directory)),
        Contender("restored", _opened(lambda console: snapshots.restore(kernel, SHAPE, chosen, 0, console), directory, RESTORES)),
        Contender("booted", _opened(lambda console: vm.boot(kernel, SHAPE, chosen, console), directory, 1)),
    ]
    missing, limits = {}, []
    if peer:
        try:
            other = virtme_ng(kernel)
        except Missing as reason:
            missing["virtme-ng"] = str(reason)
        else:
            contenders.append(Contender("virtme-ng", lambda: [other.boot()]))
            limits.append(Limit(1 / 200, "virtme-ng"))
    ahead, restored, *peers = interleave(contenders, turns)
    ready = "a guest that has answered, with its disks attached, its clock and randomness set"
    yield Row(
        "restored guest", f"from the call to {ready}", "s", (restored, *peers), kernel.series, (Limit(0.080), *limits), missing
    )
    yield Row(
        "guest launched ahead",
        f"its QEMU waited; from the call to {ready}",
        "s",
        (ahead, *peers),
        kernel.series,
        (Limit(0.030), *limits),
        missing,
    )


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
    return hand_of(agent).slurp("/dev/zero", BLOCK)


def channel(kernel: Kernel, turns: int, directory: Path) -> Iterator[Row]:
    """Measures questions to a guest's agent, beside the same questions to an agent on this host."""
    chosen, _ = accelerator.choose(kernel)
    questions: Sequence[tuple[str, Callable[[Agent], object], int, str]] = (
        ("round trip", hello, CALLS, "a question of 72 bytes, an answer of about 100"),
        ("answer of 64 KiB", block, CALLS // 4, "through agent and hand"),
    )
    with (
        Place(quiet=True),
        snapshots.restore(kernel, SHAPE, chosen, 0, directory / "channel.log") as guest,
        local.agent() as on_host,
    ):
        for name, question, calls, what in questions:
            contenders = [
                Contender("in a guest", _asked(guest.agent, question, calls)),
                Contender("on this host", _asked(on_host, question, calls)),
            ]
            yield Row(name, what, "s", interleave(contenders, turns), kernel.series)
