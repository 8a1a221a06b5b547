"""Stands between an agent and Python: whole frames pass through it, and a fault may change, hold, add or lose them."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from probes._native import ffi

from harness.agent import wire
from harness.errors import MachineLost

OWN = 1 << 31  # sequences of the shim's own requests begin here: Python's count from 1
SECONDS = 30.0  # that the machine has for one of them
NAMES = {number: name for name, number in wire.OPERATIONS.items()}


@dataclass
class Request:
    """A request on its way. number: how many of its operation there were with it (1…)."""

    operation: str
    target: int
    sequence: int
    number: int
    data: bytes


@dataclass
class Answer:
    """A reply on its way, and the request that it answers: None for what nobody has asked for, a sample of a series or the
    end of a target."""

    reply: wire.Reply
    request: Request | None

    @property
    def data(self) -> bytes:
        """Gives the frame."""
        one = self.reply
        head = ffi.new(
            "struct reply *",
            {
                "text": len(one.text),
                "kind": one.kind,
                "target": one.target,
                "sequence": one.sequence,
                "error": one.error,
                "value": one.value,
                "began": one.began,
                "nanoseconds": one.nanoseconds,
                "minor_faults": one.minor_faults,
                "major_faults": one.major_faults,
            },
        )
        return bytes(ffi.buffer(head)) + one.text


Asking = Callable[["Shim", Request], "list[bytes] | None"]
Answering = Callable[["Shim", Answer], "list[bytes] | None"]


def pass_request(shim: Shim, request: Request) -> list[bytes] | None:
    """Lets a request pass as it is."""
    return None


def pass_answer(shim: Shim, answer: Answer) -> list[bytes] | None:
    """Lets a reply pass as it is."""
    return None


class Shim:
    """Passes frames between the agent's socket and `socket`, which is Python's, until one of them closes.

    asking, answering: are shown every frame, and give the frames that go on in its place; None: it goes on as it is.
    requests: those that have passed so far, as (operation, target).
    """

    def __init__(self, agent: socket.socket, asking: Asking = pass_request, answering: Answering = pass_answer) -> None:
        self.agent, self.asking, self.answering = agent, asking, answering
        self.socket, self._python = socket.socketpair()
        self.requests: list[tuple[str, int]] = []
        self._waiting: dict[int, Request] = {}
        self._own = OWN
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Closes Python's end, and waits until nothing passes any more. The agent's socket stays its owner's."""
        self.socket.close()
        self._thread.join(SECONDS)

    def cut(self) -> None:
        """Ends the channel, as an agent that is gone does."""
        self._python.shutdown(socket.SHUT_RDWR)

    def ask(self, operation: str, target: int, *arguments: int, text: bytes = b"") -> wire.Reply:
        """Makes a request of its own, and passes on what comes meanwhile. Only for `asking` and `answering` to call."""
        self._own += 1
        self.agent.sendall(wire.request(operation, target, self._own, arguments, text))
        deadline = time.monotonic() + SECONDS
        while True:
            reply = self._read(deadline)
            if reply.sequence == self._own:
                return reply
            self._pass_on(reply)

    def _run(self) -> None:
        try:
            while True:
                ready = select.select([self.agent, self._python], [], [])[0]
                if self._python in ready:
                    self._ask_for_python()
                elif self.agent in ready:
                    self._pass_on(self._read(time.monotonic() + SECONDS))
        except (OSError, EOFError, MachineLost, ValueError):
            self._python.close()

    def _ask_for_python(self) -> None:
        request = read_request(self._python)
        self.requests.append((request.operation, request.target))
        request.number = sum(before == request.operation for before, _ in self.requests)
        self._waiting[request.sequence] = request
        frames = self.asking(self, request)
        for frame in [request.data] if frames is None else frames:
            self.agent.sendall(frame)

    def _read(self, deadline: float) -> wire.Reply:
        self.agent.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            reply, size = wire.reply_head(exactly(self.agent, wire.REPLY_SIZE))
            return wire.Reply(**{**reply.__dict__, "text": exactly(self.agent, size)})
        finally:
            self.agent.settimeout(None)

    def _pass_on(self, reply: wire.Reply) -> None:
        answer = Answer(reply, self._waiting.get(reply.sequence))
        frames = self.answering(self, answer)
        for frame in [answer.data] if frames is None else frames:
            self._python.sendall(frame)


def exactly(sock: socket.socket, size: int) -> bytes:
    """Reads so many bytes. Raises EOFError at the end of the channel."""
    found = bytearray()
    while len(found) < size:
        data = sock.recv(size - len(found))
        if not data:
            raise EOFError
        found += data
    return bytes(found)


def read_request(sock: socket.socket) -> Request:
    """Reads a request. Raises EOFError at the end of the channel."""
    head = exactly(sock, wire.REQUEST_SIZE)
    found = ffi.from_buffer("struct request *", head)
    return Request(NAMES.get(found.operation, "none"), found.target, found.sequence, 1, head + exactly(sock, found.text))
