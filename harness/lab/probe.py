"""Probes and the hand: processes that carry out operations one by one, driven from here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from harness.agent import wire
from harness.agent.agent import Agent
from harness.agent.constants import ANONYMOUS, PRIVATE, READ, SHARED, WRITE
from harness.agent.target import Attempt, Log, Target
from harness.agent.wire import Reply
from harness.linux import maps
from harness.linux.architecture import Architecture


@dataclass(frozen=True)
class Region:
    """Memory of a probe's: address and length in bytes."""

    probe: Probe
    address: int
    length: int

    def fill(self, seed: int = 1) -> Region:
        self.probe.fill(self.address, self.length, seed)
        return self

    def check(self, seed: int = 1) -> int:
        """Counts the pages that hold what fill wrote."""
        return self.probe.check(self.address, self.length, seed).value

    def zeros(self) -> int:
        """Counts the pages that read as zeros."""
        page, found = self.probe.page_size, 0
        for offset in range(0, self.length, wire.TEXT_LIMIT):
            text = self.probe.peek(self.address + offset, min(wire.TEXT_LIMIT, self.length - offset)).text
            found += sum(not any(text[at : at + page]) for at in range(0, len(text), page))
        return found

    def read(self) -> Region:
        self.probe.touch(self.address, self.length, stride=self.probe.page_size)
        return self

    def write(self) -> Region:
        self.probe.touch(self.address, self.length, stride=self.probe.page_size, write=True)
        return self

    def lock(self) -> Region:
        self.probe.mlock(self.address, self.length)
        return self

    def unmap(self) -> None:
        self.probe.munmap(self.address, self.length)

    def advise(self, advice: int) -> Region:
        self.probe.madvise(self.address, self.length, advice)
        return self

    @property
    def file(self) -> str:
        """Gives what is behind a mapping of just this region, also where it has no name, as a path that can be opened and
        asked (/proc/PID/map_files, proc(5); root only)."""
        return f"/proc/{self.probe.pid}/map_files/{self.address:x}-{self.address + self.length:x}"

    @property
    def range(self) -> list[int]:
        """Gives address and length, as a procedure records them."""
        return [self.address, self.length]

    def try_as(self, outcome: str) -> RegionAttempt:
        """Gives what can be done to it, to be done once and recorded as `outcome`, whatever comes of it (see Probe.try_as)."""
        return RegionAttempt(self, outcome)

    def part(self, offset: int, length: int) -> Region:
        return Region(self.probe, self.address + offset, length)

    def of(self, probe: Probe) -> Region:
        """Gives these addresses in another process."""
        return Region(probe, self.address, self.length)


@dataclass(frozen=True)
class RegionAttempt:
    """What can be done to a region, as one operation that may fail or end the probe: each returns the Reply."""

    region: Region
    outcome: str

    @property
    def _attempt(self) -> Attempt:
        return Attempt(self.region.probe, self.outcome)

    def fill(self, seed: int = 1) -> Reply:
        return self._attempt.fill(self.region.address, self.region.length, seed)

    def check(self, seed: int = 1) -> Reply:
        return self._attempt.check(self.region.address, self.region.length, seed)

    def read(self) -> Reply:
        return self._attempt.touch(self.region.address, self.region.length, stride=self.region.probe.page_size)

    def write(self) -> Reply:
        return self._attempt.touch(self.region.address, self.region.length, stride=self.region.probe.page_size, write=True)

    def lock(self) -> Reply:
        return self._attempt.mlock(self.region.address, self.region.length)

    def unmap(self) -> Reply:
        return self._attempt.munmap(self.region.address, self.region.length)

    def advise(self, advice: int) -> Reply:
        return self._attempt.madvise(self.region.address, self.region.length, advice)


class Try(Attempt):
    """A probe's operations, one of which is done and recorded under a name."""

    def map(self, length: int, *, shared: bool = False, fd: int = -1, write: bool = True, flags: int = 0) -> Reply:
        """Makes a new mapping as Probe.map does; value: its address."""
        kind = (SHARED if shared else PRIVATE) | (ANONYMOUS if fd < 0 else 0) | flags
        return self.mmap(length, protection=READ | (WRITE if write else 0), flags=kind, fd=fd)


class Probe(Target):
    """A workload's process. page_size in bytes; first_instruction: the address at which a held one will begin."""

    def __init__(
        self, agent: Agent, number: int, name: str, record: Log, pid: int, page_size: int, architecture: Architecture
    ) -> None:
        super().__init__(agent, number, name, record, pid)
        self.page_size, self.architecture = page_size, architecture
        self.first_instruction: int | None = None

    def release(self) -> None:
        """Lets a held one run, from its first instruction on."""
        self.agent.call("release", self.number)
        self.run("pid")

    def try_as(self, outcome: str) -> Try:
        """Gives what Target.try_as does, with `map` beside mmap."""
        return Try(self, outcome)

    def trigger(self, path: str, stall: int, window: int, kind: str = "some") -> int:
        """Opens a pressure file and asks to be told of every stall (microseconds) within a window; returns the descriptor
        that `poll` waits on (Documentation/accounting/psi.rst)."""
        fd = self.open(path, os.O_RDWR | os.O_NONBLOCK).value
        self.write_text(fd, f"{kind} {stall} {window}\0".encode())
        return fd

    def region(self, address: int, length: int) -> Region:
        return Region(self, address, length)

    def map(self, length: int, *, shared: bool = False, fd: int = -1, write: bool = True, flags: int = 0) -> Region:
        """Makes a new mapping: anonymous, or of an open file; private unless shared."""
        kind = (SHARED if shared else PRIVATE) | (ANONYMOUS if fd < 0 else 0) | flags
        address = self.mmap(length, protection=READ | (WRITE if write else 0), flags=kind, fd=fd).value
        return Region(self, address & (1 << 64) - 1, length)

    def mapping(self, mapping: maps.Mapping) -> Region:
        """Gives one of its mappings as a region."""
        return Region(self, mapping.start, mapping.length)

    def map_again(self, part: maps.Mapping, *, shared: bool) -> Region:
        """Maps again the part of a file that a mapping shows, of whatever process; a private one is writable."""
        fd = self.open(part.path, os.O_RDONLY).value
        return Region(
            self,
            self.mmap(
                part.length,
                protection=READ | (0 if shared else WRITE),
                offset=part.offset,
                flags=SHARED if shared else PRIVATE,
                fd=fd,
            ).value,
            part.length,
        )

    def largest_map(self, most: int, *, protection: int = READ | WRITE, flags: int = PRIVATE | ANONYMOUS) -> int:
        """Finds the largest mapping that is granted, in bytes, to the page by bisection up to `most`; none is kept.

        A request of more than the kernel's per-cpu batch is added to Committed_AS at once, so the edge is exact.
        """
        granted, refused = 0, most // self.page_size + 1
        while refused - granted > 1:
            middle = (granted + refused) // 2
            reply = self.attempt.mmap(middle * self.page_size, protection=protection, flags=flags)
            if reply.error:
                refused = middle
            else:
                granted = middle
                self.munmap(reply.value, middle * self.page_size)
        return granted * self.page_size

    def map_all(self, most: int) -> None:
        """Maps until mode 2 grants not a page more: the largest mapping, then what the batches of the sum that the
        kernel compares still hide, half by half."""
        if largest := self.largest_map(most):
            self.map(largest)
        size = 1 << 30
        while size >= self.page_size:
            size = size // 2 if self.attempt.mmap(size).error else size

    def fill_until_end(self, memory: Region, piece: int) -> int:
        """Fills a region piece by piece until all is filled or the probe dies; returns the bytes of the finished pieces."""
        for offset in range(0, memory.length, piece):
            size = min(piece, memory.length - offset)
            if self.attempt.fill(memory.address + offset, size, 1, offset // self.page_size).ended is not None:
                return offset
        return memory.length

    def fill_until_killed(self, length: int, step: int) -> int:
        """Fills new anonymous memory step by step, the first to go by its oom_score_adj; returns how many bytes it
        had filled when it was killed, to within a step; `length` if it lives."""
        self.put(f"/proc/{self.pid}/oom_score_adj", "1000")
        return self.fill_until_end(self.map(length), step)

    def create_file(self, path: str, length: int, seed: int = 1) -> int:
        """Writes a new file of whole pages and leaves it open; returns its descriptor."""
        fd = self.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC).value
        self.write(fd, length, seed=seed)
        return fd

    def end(self, status: int = 0) -> int:
        """Lets it exit and returns its wait status."""
        self.attempt.run("exit", status)
        return self.agent.wait_exit(self.number)

    def signal(self, number: int) -> None:
        self.agent.call("signal", self.number, number)

    def kill_now(self) -> int:
        """Sends SIGKILL and returns its wait status once it is gone; one that died meanwhile is no error."""
        self.agent.kill(self.number)
        return self.agent.wait_exit(self.number)

    @property
    def alive(self) -> bool:
        return self.agent.ended(self.number) is None

    def status(self) -> int | None:
        """Gives its wait status if it has ended."""
        return self.agent.ended(self.number)

    def trace(self) -> Trace:
        """Records its system calls: `with probe.trace() as calls:`, then `calls.calls`."""
        return Trace(self)


@dataclass(frozen=True)
class SystemCall:
    """One system call: its number (the architecture's), arguments, result (negative: -errno), and during which request."""

    number: int
    arguments: tuple[int, ...]
    result: int
    sequence: int


class Trace:
    """The system calls of a probe during a block, without those of the channel and the probe's own bookkeeping.

    Of a held probe: all since its exec, those of its loader too.
    """

    # The loop around an operation (probes/operations/dispatch.c) reads and writes its channel and asks for time and faults.
    CHANNEL = 3

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.calls: list[SystemCall] = []

    def __enter__(self) -> Trace:
        self.probe.agent.call("trace", self.probe.number, 1)
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if kind is not None:
            return
        text = self.probe.agent.call("trace", self.probe.number, 0).text
        calls = self.probe.architecture.calls
        for entry in wire.syscalls(text):
            call = SystemCall(*entry)
            on_channel = call.number in (calls.read, calls.write, calls.writev) and call.arguments[0] == self.CHANNEL
            if not on_channel and call.number not in (calls.getrusage, calls.clock_gettime):
                self.calls.append(call)
