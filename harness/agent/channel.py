"""The channel to an agent: requests out, replies, samples and exits in."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from harness.agent import wire
from harness.errors import MachineLost


class Channel:
    """One agent's socket. Not thread-safe: one thread drives one machine.

    on_sample is called for each sample of a series as it comes; lost() makes the error for a machine that is
    gone, with what is known of its end (the console's last lines). before is called with each request (operation,
    text) before it is sent: on a host it writes down what is about to be changed, or refuses it by an exception.
    """

    def __init__(
        self, sock: socket.socket, lost: Callable[[str], MachineLost], on_sample: Callable[[wire.Reply], None] | None = None
    ) -> None:
        self.socket = sock
        self.lost = lost
        self.on_sample = on_sample
        self.before: Callable[[str, bytes], None] | None = None
        self.exits: dict[int, int] = {}
        self._replies: dict[int, wire.Reply] = {}
        self._sequence = 0
        self._buffer = bytearray()

    def send(self, operation: str, target: int, arguments: tuple[int, ...] = (), text: bytes = b"") -> int:
        """Sends a request and returns its sequence number, for `wait`."""
        if self.before:
            self.before(operation, text)
        self._sequence += 1
        if target >= wire.FIRST_PROBE and target in self.exits:
            self._replies[self._sequence] = self._ended(target, self._sequence)
            return self._sequence
        self._send(wire.request(operation, target, self._sequence, arguments, text))
        return self._sequence

    def _send(self, frame: bytes, seconds: float = 60) -> None:
        """Writes a frame, and goes on reading meanwhile: an agent that sends samples takes nothing in until they are read."""
        deadline, rest = time.monotonic() + seconds, memoryview(frame)
        while rest:
            readable, writable, _ = select.select([self.socket], [self.socket], [], deadline - time.monotonic())
            if readable:
                self._take_in(deadline)
            elif not writable:
                raise self.lost("it takes no request")
            else:
                try:
                    rest = rest[self.socket.send(rest, socket.MSG_DONTWAIT) :]
                except OSError as error:
                    raise self.lost(f"it ended ({error.strerror})") from error

    def _ended(self, target: int, sequence: int) -> wire.Reply:
        return wire.Reply(wire.EXIT, target, sequence, 0, 0, 0, 0, 0, 0, ended=self.exits[target])

    def ready(self, sequence: int) -> bool:
        """Says whether the reply is here already; takes in what has come, without waiting."""
        while sequence not in self._replies and select.select([self.socket], [], [], 0)[0]:
            self._take_in(time.monotonic() + 10)
        return sequence in self._replies

    def wait(self, sequence: int, seconds: float) -> wire.Reply:
        """Waits for the reply to a request. Raises MachineLost when the machine is gone or silent for so many seconds."""
        deadline = time.monotonic() + seconds
        while sequence not in self._replies:
            self._take_in(deadline)
        return self._replies.pop(sequence)

    def wait_exit(self, target: int, seconds: float) -> int:
        """Waits for the end of a target that is to end, or has ended, and gives its wait status."""
        deadline = time.monotonic() + seconds
        while target not in self.exits:
            self._take_in(deadline)
        return self.exits[target]

    def call(
        self, operation: str, target: int, arguments: tuple[int, ...] = (), text: bytes = b"", seconds: float = 60
    ) -> wire.Reply:
        """Sends a request and waits for its reply."""
        return self.wait(self.send(operation, target, arguments, text), seconds)

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise self.lost("it did not answer in time")
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

    def _take_in(self, deadline: float) -> None:
        head, size = wire.reply_head(self._read(wire.REPLY_SIZE, deadline))
        text = self._read(size, deadline) if size else b""
        reply = wire.Reply(**{**head.__dict__, "text": text})
        if reply.kind == wire.SAMPLE:
            if self.on_sample:
                self.on_sample(reply)
        elif reply.kind == wire.EXIT:
            self.exits[reply.target] = reply.value
            if reply.sequence:
                self._replies[reply.sequence] = self._ended(reply.target, reply.sequence)
        else:
            self._replies[reply.sequence] = reply
