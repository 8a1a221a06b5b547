"""Every fault of `invoke faults --part injected`, once: docs/reliability.md has the table that they make."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from harness.agent import wire
from harness.faults import readings
from harness.faults.readings import DECIDES
from harness.faults.shim import Answer, Answering, Asking, Request, Shim, pass_answer, pass_request
from harness.machine.guest.vm import VM

DAY = 86_400_000_000_000  # ns
SLOW = 0.05  # seconds that a slow agent takes longer for each reply
COUNTED = "tmpfs-is-cache"  # decides by counters: any other number than the right one refutes its claim
PAGED = "tmpfs-dropped"  # decides by states of pages


@dataclass(frozen=True)
class Fault:
    """A fault. kind: what it is a fault of; make: given the guest, what it does to frames on their way; experiment: which
    one it is made in; harmless: the right verdict may come of it, since nothing that was read is false."""

    kind: str
    name: str
    make: Callable[[VM], tuple[Asking, Answering]]
    experiment: str = COUNTED
    harmless: bool = False

    @property
    def sent(self) -> bool:
        """Says whether it is one of what the agent sends: then a guest's tape does as well as a guest."""
        return self.kind in {"reading", "agent"}


def at(operation: str, number: int, act: Callable[[Shim, Request], list[bytes] | None]) -> tuple[Asking, Answering]:
    """Does something when a request is made for the so-manieth time, before it reaches the agent."""

    def asking(shim: Shim, request: Request) -> list[bytes] | None:
        return act(shim, request) if (request.operation, request.number) == (operation, number) else None

    return asking, pass_answer


def doing(operation: str, number: int, act: Callable[[VM, Shim], object]) -> Callable[[VM], tuple[Asking, Answering]]:
    """Makes a fault that leaves all frames as they are and does something to the guest."""

    def acted(vm: VM, shim: Shim) -> None:
        act(vm, shim)

    return lambda vm: at(operation, number, lambda shim, request: acted(vm, shim))


def answered(change: Callable[[Answer], list[bytes]], *, always: bool = False) -> Callable[[VM], tuple[Asking, Answering]]:
    """Makes a fault of the reply that carries the sample that decides (or of every reply)."""

    def answering(shim: Shim, answer: Answer) -> list[bytes] | None:
        request = answer.request
        if always or (request and (request.operation, request.number) == ("sample", DECIDES)):
            return change(answer)
        return None

    return lambda vm: (pass_request, answering)


def altered(answer: Answer, **fields: int | bytes) -> bytes:
    return Answer(replace(answer.reply, **fields), answer.request).data  # type: ignore[arg-type]


def slowly(answer: Answer) -> list[bytes]:
    time.sleep(SLOW)
    return [answer.data]


def put(shim: Shim, path: str, content: str) -> None:
    shim.ask("put", wire.HAND, 0, text=f"{path}\0{content}".encode())


def panic(vm: VM, shim: Shim) -> None:
    frame = wire.request("put", wire.HAND, 1, (0,), b"/proc/sysrq-trigger\0c")
    shim.agent.sendall(frame)  # nobody will answer


def monitor(command: str, **arguments: str) -> Callable[[VM, Shim], None]:
    def act(vm: VM, shim: Shim) -> None:
        vm.qemu.monitor(command, **arguments)

    return act


def fill_disk(vm: VM, shim: Shim) -> None:
    fd = shim.ask("open", wire.HAND, os.O_RDWR | os.O_CREAT, 0o600, text=b"/mnt/disk/full").value
    at, size = 0, 1 << 30
    while size >= 4096:
        if shim.ask("fallocate", wire.HAND, fd, 0, at, size).error:
            size //= 2
        else:
            at += size


def step_clock(by: int) -> Callable[[VM, Shim], object]:
    return lambda vm, shim: shim.ask("set_clock", wire.HAND, time.time_ns() + by)


def never_there(shim: Shim, request: Request) -> list[bytes]:
    return [request.data.replace(b"/programs/probe", b"/programs/nobody"[:15])]


def before_step(step: int) -> Callable[[VM], tuple[Asking, Answering]]:
    """Kills a probe before the so-manieth request that is made of any."""

    def make(vm: VM) -> tuple[Asking, Answering]:
        made = 0

        def asking(shim: Shim, request: Request) -> list[bytes] | None:
            nonlocal made
            made += request.target >= wire.FIRST_PROBE
            if made == step and request.target >= wire.FIRST_PROBE:
                shim.ask("signal", wire.AGENT, request.target, int(signal.SIGKILL))
            return None

        return asking, pass_answer

    return make


def of_readings() -> Iterator[Fault]:
    yield Fault("reading", "missing: the file can't be read", lambda vm: readings.of_file(lambda one: (one[0], 2, b"")))
    for name, change in readings.TEXTS.items():
        yield Fault("reading", name, lambda vm, change=change: readings.of_text(change))  # type: ignore[misc]
    yield Fault("reading", "the sample is cut", lambda vm: readings.of_sample(lambda text, number: text[:-100]))
    yield Fault("reading", "the sample has eight bytes", lambda vm: readings.of_sample(lambda text, number: text[:8]))
    yield Fault("reading", "a section is longer than the sample", lambda vm: readings.of_sample(readings.longer))
    yield Fault("reading", "half of a file's pages", lambda vm: readings.of_pages(lambda text: text[: len(text) // 2]), PAGED)
    yield Fault("reading", "no page of a file", lambda vm: readings.of_pages(lambda text: b""), PAGED)
    yield Fault("reading", "more pages than a file has", lambda vm: readings.of_pages(lambda text: text * 2), PAGED)


def of_agents() -> Iterator[Fault]:
    yield Fault("agent", "it ends", doing("sample", DECIDES, lambda vm, shim: shim.cut()))
    yield Fault("guest", "it powers itself off", doing("sample", DECIDES, lambda vm, shim: shim.ask("power_off", wire.AGENT)))
    yield Fault("agent", "it is silent for ever", answered(lambda answer: []))
    yield Fault("agent", "it is slow", answered(slowly, always=True), harmless=True)
    for name, by in {"the next request": 1, "the request after the next": 2}.items():
        yield Fault(
            "agent",
            f"it answers {name} instead",
            answered(lambda answer, by=by: [altered(answer, sequence=answer.reply.sequence + by)]),  # type: ignore[misc]
        )
    yield Fault(
        "agent", "it answers the last request again", answered(lambda one: [altered(one, sequence=one.reply.sequence - 1)])
    )
    yield Fault("agent", "it answers twice", answered(lambda one: [one.data] * 2, always=True), harmless=True)
    yield Fault(
        "agent",
        "it answers the next request too, before it is made",
        answered(lambda one: [one.data, altered(one, sequence=one.reply.sequence + 1)], always=True),
    )
    yield Fault("agent", "it answers for another target", answered(lambda one: [altered(one, target=63)]))
    yield Fault("agent", "its answer is of no kind", answered(lambda one: [altered(one, kind=99)]))
    yield Fault("agent", "it says that it has ended", answered(lambda one: [altered(one, kind=wire.EXIT)]))
    yield Fault("agent", "its answer announces 4 GiB", answered(lambda one: [b"\xff" * 4 + one.data[4:]]))
    yield Fault("agent", "its answer is noise", answered(lambda one: [bytes(range(256)) * 8]))


def of_guests() -> Iterator[Fault]:
    yield Fault("guest", "it panics", doing("sample", DECIDES, panic))
    yield Fault("guest", "it is frozen", doing("sample", DECIDES, monitor("stop")))
    yield Fault(
        "guest", "its QEMU is stopped", doing("sample", DECIDES, lambda vm, shim: vm.qemu.process.send_signal(signal.SIGSTOP))
    )
    yield Fault("guest", "its QEMU is killed", doing("sample", DECIDES, lambda vm, shim: vm.qemu.process.kill()))
    yield Fault("guest", "it reboots", doing("sample", DECIDES, monitor("system_reset")))
    yield Fault(
        "guest", "it is out of memory", doing("spawn", 1, lambda vm, shim: put(shim, "/proc/sys/vm/nr_hugepages", "1000"))
    )
    yield Fault("clock", "a day forward", doing("sample", DECIDES, step_clock(DAY)), harmless=True)
    yield Fault("clock", "a day back", doing("sample", DECIDES, step_clock(-DAY)), harmless=True)
    back = answered(lambda one: [altered(one, began=1, nanoseconds=0)])
    yield Fault("clock", "the agent's own steps back to its start", back, harmless=True)


def of_disks() -> Iterator[Fault]:
    delete = monitor("human-monitor-command", **{"command-line": "drive_del d0"})
    yield Fault("disk", "every access fails (EIO)", doing("read", 1, delete))
    yield Fault("disk", "it is full", doing("spawn", 1, fill_disk))


def of_births() -> Iterator[Fault]:
    yield Fault("probe", "never born: there is no such program", lambda vm: at("spawn", 1, never_there))
    few = doing("spawn", 1, lambda vm, shim: put(shim, "/proc/sys/kernel/threads-max", "20"))
    yield Fault("probe", "never born: no process may be made", few)


def all_but_steps() -> list[Fault]:
    """Lists the faults whose number doesn't depend on how many requests an experiment makes of its probes."""
    return [*of_readings(), *of_agents(), *of_guests(), *of_disks(), *of_births()]


def steps(count: int) -> list[Fault]:
    """Lists the faults that kill a probe before each of so many requests."""
    return [Fault("probe", f"killed before request {step}", before_step(step)) for step in range(1, count + 1)]
