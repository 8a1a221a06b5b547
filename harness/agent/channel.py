"""The channel to an agent: requests out, replies, samples and exits in; what nobody asked for is refused."""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.agent import wire
from harness.errors import MachineLost

LOOK = 1.0  # seconds between two looks at the machine's process while its answer is waited for
SENDING_SECONDS = 60
# A series is sampled at its own rate, what comes late is not made up for (probes/agent/sampling.c). Twice as many leave
# room for two clocks, and for those that wait in the channel.
SAMPLES_TOO_MANY, SAMPLES_AHEAD = 2, 200


@dataclass(frozen=True)
class Deadline:
    """A moment of the monotonic clock. what: that is waited for until then; seconds: how long it was given."""

    at: float
    what: str
    seconds: float

    @classmethod
    def after(cls, seconds: float, what: str) -> Deadline:
        return cls(time.monotonic() + seconds, what, seconds)


NEVER = Deadline(math.inf, "", math.inf)


class Series:
    """The time series that an agent was asked for. interval: seconds between two samples, 0 for none."""

    def __init__(self, interval: float) -> None:
        self.interval, self.came = interval, 0
        self.began = time.monotonic()

    def too_many(self) -> bool:
        """Counts one sample more, and says whether there are more than there can be."""
        self.came += 1
        most = SAMPLES_TOO_MANY * (time.monotonic() - self.began) / self.interval + SAMPLES_AHEAD if self.interval else 0
        return self.came > most


class Channel:
    """One agent's socket. Not thread-safe: one thread drives one machine.

    on_sample is called for each sample of a series as it comes; lost() makes the error for a machine that is
    gone, with what is known of its end (the console's last lines). look() is called about every second of waiting; it
    raises MachineLost for a machine that has to be given up. before is called with each request (operation,
    text) before it is sent: on a host it writes down what is about to be changed, or refuses it by an exception.
    limit: no wait lasts beyond it.
    """

    def __init__(
        self,
        sock: socket.socket,
        lost: Callable[[str], MachineLost],
        on_sample: Callable[[wire.Reply], None] | None = None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self.socket = sock
        self.lost = lost
        self.on_sample = on_sample
        self.look = look
        self.before: Callable[[str, bytes], None] | None = None
        self.limit = NEVER
        self.exits: dict[int, int] = {}
        self._asked: dict[int, tuple[int, str]] = {}  # sequence → target and operation, while no answer has come
        self._last: dict[int, int] = {}  # target → the sequence that it was asked last
        self._replies: dict[int, wire.Reply] = {}
        self._sequence = 0
        self._buffer = bytearray()
        self._series = Series(0)
        self._stopped_by = 0
        self._looked = time.monotonic()

    def send(self, operation: str, target: int, arguments: tuple[int, ...] = (), text: bytes = b"") -> int:
        """Sends a request and returns its sequence number, for `wait`."""
        if self.before:
            self.before(operation, text)
        self._sequence += 1
        self._asked[self._sequence] = (target, operation)
        self._last[target] = self._sequence
        if target >= wire.FIRST_PROBE and target in self.exits:
            self._answered(self._ended(target, self._sequence))
            return self._sequence
        if operation == "series" and target == wire.AGENT:
            self._start_series(arguments[0])
        self._send(wire.request(operation, target, self._sequence, arguments, text), operation)
        return self._sequence

    def _start_series(self, interval: int) -> None:
        """Expects samples from now on; none once the agent has answered that it has stopped."""
        self._stopped_by = 0 if interval else self._sequence
        if interval:
            self._series = Series(interval / 1e9)

    def _send(self, frame: bytes, operation: str) -> None:
        """Writes a frame, and goes on reading meanwhile: an agent that sends samples takes nothing in until they are read."""
        deadline, rest = Deadline.after(SENDING_SECONDS, f"it to take the request {operation}"), memoryview(frame)
        while rest:
            events = self._ready(deadline, select.POLLIN | select.POLLOUT)
            if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._take_in(deadline)
                continue
            try:
                rest = rest[self.socket.send(rest, socket.MSG_DONTWAIT) :]
            except OSError as error:
                raise self.lost(f"it ended ({error.strerror})") from error

    def _ended(self, target: int, sequence: int) -> wire.Reply:
        return wire.Reply(wire.EXIT, target, sequence, 0, 0, 0, 0, 0, 0, ended=self.exits[target])

    def ready(self, sequence: int) -> bool:
        """Says whether the reply is here already; takes in what has come, without waiting."""
        whole = Deadline.after(10, "the rest of an answer")
        while sequence not in self._replies and (len(self._buffer) >= wire.REPLY_SIZE or self._poll(select.POLLIN, 0)):
            self._take_in(whole)
        return sequence in self._replies

    def wait(self, sequence: int, seconds: float) -> wire.Reply:
        """Waits for the reply to a request. Raises MachineLost when the machine is gone or silent for so many seconds."""
        deadline = Deadline.after(seconds, f"its answer to {self._asked[sequence][1]}" if sequence in self._asked else "")
        while sequence not in self._replies:
            self._take_in(deadline)
        return self._replies.pop(sequence)

    def wait_exit(self, target: int, seconds: float) -> int:
        """Waits for the end of a target that is to end, or has ended, and gives its wait status."""
        deadline = Deadline.after(seconds, f"the end of its target {target}")
        while target not in self.exits:
            self._take_in(deadline)
        return self.exits[target]

    def call(
        self, operation: str, target: int, arguments: tuple[int, ...] = (), text: bytes = b"", seconds: float = 60
    ) -> wire.Reply:
        """Sends a request and waits for its reply."""
        return self.wait(self.send(operation, target, arguments, text), seconds)

    def _poll(self, events: int, seconds: float) -> int:
        """Waits so long at most for the socket; gives what it is ready for, 0 for nothing."""
        poll = select.poll()  # select(2) takes no descriptor above 1023
        poll.register(self.socket, events)
        found = poll.poll(seconds * 1000)
        return found[0][1] if found else 0

    def _check(self, deadline: Deadline) -> float:
        """Gives the seconds that are left. Raises MachineLost where none are, or for what a look at the machine shows."""
        now = time.monotonic()
        first = min(deadline, self.limit, key=lambda one: one.at)
        if now >= first.at:
            raise self.lost(f"it did not answer in time: waited {first.seconds:.0f} s for {first.what}")
        if now >= self._looked + LOOK:
            self._looked = now
            self.look()
        return first.at - now

    def _ready(self, deadline: Deadline, events: int) -> int:
        """Waits until the socket is ready for one of these events, and gives those that it is ready for."""
        while True:
            left = self._check(deadline)
            if found := self._poll(events, min(left, LOOK)):
                return found

    def _read(self, size: int, deadline: Deadline) -> bytes:
        while len(self._buffer) < size:
            self._ready(deadline, select.POLLIN)
            try:
                data = self.socket.recv(1 << 20)
            except OSError as error:
                raise self.lost(f"it ended ({error.strerror})") from error
            if not data:
                raise self.lost("it ended")
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _take_in(self, deadline: Deadline) -> None:
        """Takes in one frame. Raises MachineLost for one that is no answer to anything."""
        self._check(deadline)  # also where a flood of frames never lets it wait
        head, size = wire.reply_head(self._read(wire.REPLY_SIZE, deadline))
        if size > wire.TEXT_LIMIT:
            raise self.lost(f"its answer is {size} bytes long, {wire.TEXT_LIMIT} are allowed")
        text = self._read(size, deadline) if size else b""
        reply = wire.Reply(**{**head.__dict__, "text": text})
        if reply.kind == wire.SAMPLE:
            self._sampled(reply)
        elif reply.kind == wire.EXIT:
            self._exited(reply)
        elif reply.kind == wire.REPLY:
            self._answered(reply)
        else:
            raise self.lost(f"it sent a frame of kind {reply.kind}, which there is not")

    def _sampled(self, reply: wire.Reply) -> None:
        if self._series.too_many():
            raise self.lost("it sent samples that nobody asked for")
        if self.on_sample:
            self.on_sample(reply)

    def _exited(self, reply: wire.Reply) -> None:
        if not wire.AGENT < reply.target < wire.TARGET_LIMIT:
            raise self.lost(f"it sent the end of target {reply.target}, which can't end")
        self.exits[reply.target] = reply.value
        if reply.sequence in self._asked:
            self._answered(self._ended(reply.target, reply.sequence))
        elif reply.sequence not in (0, self._last.get(reply.target)):  # that one may have been refused already (EPIPE)
            raise self.lost(f"it sent the end of target {reply.target} during request {reply.sequence}, which nobody made")

    def _answered(self, reply: wire.Reply) -> None:
        """Keeps an answer for who waits for it. Raises MachineLost for one to no request, or of another target."""
        asked = self._asked.pop(reply.sequence, None)
        if asked is None:
            raise self.lost(f"it answered request {reply.sequence}, which nobody made or which it had answered")
        target, operation = asked
        if target != reply.target:
            raise self.lost(f"target {reply.target} answered {operation}, which target {target} was asked")
        if reply.sequence == self._stopped_by:
            self._series = Series(0)
        self._replies[reply.sequence] = reply
