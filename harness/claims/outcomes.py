"""What came of an operation that a procedure tried under a name (Probe.try_as)."""

from __future__ import annotations

import os
from dataclasses import dataclass

from harness.claims.quantities import Still
from harness.evidence.recording import Event, Number, Recording


@dataclass(frozen=True)
class Outcome(Still):
    """Something of the operation that was tried under a name; None where none was."""

    outcome: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        event = recording.outcomes.get(self.outcome)
        return None if event is None else self.of_event(event)

    def of_event(self, event: Event) -> Number | None:
        raise NotImplementedError


def signal_of(event: Event) -> int | None:
    """Gives the signal that ended the process during an operation, 0 if none did; None where the agent was not told what ended
    it, as of a process that another probe has forked."""
    status = event.get("ended")
    if not isinstance(status, int):
        return 0
    if status < 0:
        return None
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


@dataclass(frozen=True)
class Errno(Outcome):
    """The errno of an operation: 0 if it succeeded, -9 if signal 9 ended the process in it."""

    def of_event(self, event: Event) -> Number | None:
        if event.get("ended") is None:
            return int(event["error"])
        ended = signal_of(event)
        return None if ended is None else -ended

    @property
    def name(self) -> str:
        return f"errno of “{self.outcome}”"

    @property
    def unit(self) -> str:
        return "errno"


@dataclass(frozen=True)
class Signal(Outcome):
    """The signal that ended the process in an operation, 0 if it lived."""

    def of_event(self, event: Event) -> Number | None:
        return signal_of(event)

    @property
    def name(self) -> str:
        return f"signal that ended “{self.outcome}”"

    @property
    def unit(self) -> str:
        return "signal"


@dataclass(frozen=True)
class Result(Outcome):
    """The value that an operation returned; None if it failed, or ended the process."""

    units: str = ""

    def of_event(self, event: Event) -> Number | None:
        return event.get("value") if event.get("ended") is None and not event["error"] else None

    @property
    def name(self) -> str:
        return f"result of “{self.outcome}”"

    @property
    def unit(self) -> str:
        return self.units


@dataclass(frozen=True)
class Faults(Outcome):
    """The page faults of an operation: minor and major ones together, or, `major`, those that waited for a device."""

    major: bool = False

    def of_event(self, event: Event) -> Number | None:
        major, minor = event.get("major_faults"), event.get("minor_faults")
        if not isinstance(major, int) or not isinstance(minor, int):
            return None
        return major if self.major else major + minor

    @property
    def name(self) -> str:
        return f"{'major ' if self.major else ''}faults of “{self.outcome}”"

    @property
    def unit(self) -> str:
        return "faults"
