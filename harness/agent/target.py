"""A process that carries out operations one by one, driven from here."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable

from harness.agent import wire
from harness.agent.agent import DENIALS, Agent
from harness.agent.operations import Operations
from harness.errors import Denied, LabError

Log = Callable[..., None]


def unrecorded(event: str, **fields: object) -> None:
    """Keeps nothing of an operation: for looks at a machine that are no evidence."""


def describe_status(status: int) -> str:
    """Says a wait status in words."""
    if status < 0:
        return "ended"
    if os.WIFSIGNALED(status):
        return f"was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exited with status {os.WEXITSTATUS(status)}"


class Pending:
    """An operation under way. outcome: the name under which it is read back, "" for none."""

    def __init__(self, target: Target, operation: str, arguments: tuple[int, ...], text: bytes, outcome: str = "") -> None:
        self.target, self.operation, self.arguments, self.text = target, operation, arguments, text
        self.outcome = outcome
        self.sequence = target.agent.channel.send(operation, target.number, arguments, text)

    @property
    def done(self) -> bool:
        """Says whether the reply is here, without waiting for it."""
        return self.target.agent.channel.ready(self.sequence)

    def wait(self, seconds: float | None = None) -> wire.Reply:
        """Waits for the reply, whatever it says. Raises MachineLost after so many seconds (default: the agent's patience)."""
        reply = self.target.agent.channel.wait(self.sequence, seconds or self.target.agent.seconds)
        self.target.log(self, reply)
        return reply


class _Begin(Operations[Pending]):
    def __init__(self, target: Target) -> None:
        self._target = target

    def run(self, operation: str, *arguments: int, text: bytes = b"") -> Pending:
        return Pending(self._target, operation, arguments, text)


class Attempt(Operations[wire.Reply]):
    """The operations of a target, which return the Reply whatever it says. outcome: the name under which the next one is
    recorded."""

    def __init__(self, target: Target, outcome: str = "") -> None:
        self._target, self._outcome = target, outcome

    def run(self, operation: str, *arguments: int, text: bytes = b"") -> wire.Reply:
        return Pending(self._target, operation, arguments, text, self._outcome).wait()


class Target(Operations[wire.Reply]):
    """A process that carries out operations: each method returns its Reply and raises LabError if it failed.

    `attempt` has the same methods and returns the Reply whatever it says (error: errno; ended: it died meanwhile);
    `begin` has them too and does not wait.
    """

    def __init__(self, agent: Agent, number: int, name: str, record: Log, pid: int = 0) -> None:
        self.agent, self.number, self.name, self.pid = agent, number, name, pid
        self._record = record
        self.begin = _Begin(self)
        self.attempt = Attempt(self)

    def run(self, operation: str, *arguments: int, text: bytes = b"") -> wire.Reply:
        reply = self.attempt.run(operation, *arguments, text=text)
        if reply.ended is not None:
            raise LabError(
                f"probe {self.name}", f"{describe_status(reply.ended)} during {operation}", "see the run's evidence and console"
            )
        if reply.error:
            what = text.split(b"\0")[0][:200].decode(errors="replace")
            code = errno.errorcode.get(reply.error, "")
            kind = Denied if reply.error in DENIALS else LabError
            raise kind(
                f"probe {self.name}",
                f"{operation} {what}: {os.strerror(reply.error)} ({code})",
                "see the run's evidence and console",
            )
        return reply

    def try_as(self, outcome: str) -> Attempt:
        """Gives its operations, one of which is to be done and recorded as `outcome`, whatever comes of it: the quantities
        Errno(outcome), Signal(outcome), Result(outcome) and Faults(outcome) read it back."""
        return Attempt(self, outcome)

    def log(self, pending: Pending, reply: wire.Reply) -> None:
        """Records an operation that is over."""
        self._record(
            "operation",
            target=self.name,
            operation=pending.operation,
            arguments=list(pending.arguments),
            text=pending.text[:200].decode(errors="backslashreplace"),
            at=reply.began,
            value=reply.value,
            error=reply.error,
            nanoseconds=reply.nanoseconds,
            minor_faults=reply.minor_faults,
            major_faults=reply.major_faults,
            ended=reply.ended,
            **({"outcome": pending.outcome} if pending.outcome else {}),
        )


def hand_of(agent: Agent, record: Log = unrecorded) -> Target:
    """Gives a machine's hand: the agent's own process that carries out operations outside of every sandbox.

    record: is told of each operation (default: none is kept).
    """
    return Target(agent, wire.HAND, "hand", record)
