"""The kernel's OOM reports: their text becomes victims and tables of tasks, and these become quantities. Pure.

Lines as mm/oom_kill.c prints them: `oom-kill:constraint=…` (dump_oom_victim, since 5.0), `… Killed process …`
(__oom_kill_process), and the table of dump_tasks, whose columns its head names (three more since 6.10). The first
and the last are rate-limited (10 reports in 5 seconds), the line of the kill is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.claims.quantities import Derived, Still
from harness.evidence.recording import Number, Recording
from harness.linux.oom_log import victims

# What harness/lab/helpers/oom.py records of one OOM: {"log": text, "pids": {probe: pid}, "ended": {probe: wait status},
# "events": {sandbox: its memory.events}}.


def killed(record: dict[str, Any]) -> list[str]:
    """The probes that were killed, in order. Raises ValueError if the log and the wait statuses disagree."""
    names = {pid: name for name, pid in record["pids"].items()}
    order = [names.get(victim.pid, f"pid {victim.pid}") for victim in victims(record["log"])]
    for name, status in record["ended"].items():
        by_signal = status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == 9
        if by_signal != (name in order):
            raise ValueError(f"{name} ended with {status}, the log says that {order} were killed")
    return order


@dataclass(frozen=True)
class IsVictim(Still):
    """1 if the first that was killed in a recorded OOM is the probe, 0 if another one is (or none).

    The first one is the choice: what is killed after it depends on how fast its memory comes back.
    """

    record: str
    probe: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        record = recording.records.get(self.record)
        if record is None or self.probe not in record["pids"]:
            return None
        try:
            return int(killed(record)[:1] == [self.probe])
        except ValueError:
            return None

    @property
    def name(self) -> str:
        return f"“{self.probe}” is the first victim of “{self.record}”"

    @property
    def unit(self) -> str:
        return ""


@dataclass(frozen=True)
class HighestDied(Still):
    """1 if the first that was killed is, of these probes, the one with the highest oom_score just before, 0 if not.

    The scores stand in the record "RECORD: scores", {probe: number}. None if two share the highest."""

    record: str
    among: tuple[str, ...]
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        record, scores = recording.records.get(self.record), recording.records.get(f"{self.record}: scores", {})
        if record is None or not set(self.among) <= set(scores):
            return None
        order = sorted(self.among, key=lambda name: scores[name])
        if len(order) > 1 and scores[order[-1]] == scores[order[-2]]:
            return None
        return IsVictim(self.record, order[-1]).of(recording)

    @property
    def name(self) -> str:
        return f"the first victim of “{self.record}” has the highest oom_score"

    @property
    def unit(self) -> str:
        return ""


@dataclass(frozen=True)
class Kills(Still):
    """How many processes were killed in a recorded OOM."""

    record: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        record = recording.records.get(self.record)
        return None if record is None else len(victims(record["log"]))

    @property
    def name(self) -> str:
        return f"processes killed in “{self.record}”"

    @property
    def unit(self) -> str:
        return ""


@dataclass(frozen=True)
class Reported(Still):
    """A size in the report's line on its first victim ("anon-rss"), in KiB; None if no such field is there."""

    record: str
    field: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        record = recording.records.get(self.record)
        found = victims(record["log"]) if record else []
        return found[0].sizes.get(self.field) if found else None

    @property
    def name(self) -> str:
        return f"{self.field} in the report of “{self.record}”"

    @property
    def unit(self) -> str:
        return "KiB"


def rows(record: str, which: Callable[..., bool], title: str, units: str = "values") -> Derived:
    """How many rows of a recorded list `which` picks by their columns; None if it was not recorded."""
    return Derived(
        title,
        lambda recording: sum(bool(which(*row)) for row in recording.records[record]) if record in recording.records else None,
        units,
    )
