"""The kernel's OOM reports: their text becomes victims and tables of tasks, and these become quantities. Pure.

Lines as mm/oom_kill.c prints them: `oom-kill:constraint=…` (dump_oom_victim, since 5.0), `… Killed process …`
(__oom_kill_process), and the table of dump_tasks, whose columns its head names (three more since 6.10). The first
and the last are rate-limited (10 reports in 5 seconds), the line of the kill is not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.evidence import Recording
from harness.quantities import Derived, FromArm, Number

_KILLED = re.compile(r"^(?P<where>.*): Killed process (?P<pid>\d+) \((?P<name>.*)\) (?P<fields>total-vm:.*)$")
_CONSTRAINT = re.compile(r"^oom-kill:(?P<fields>constraint=.*)$")
_SIZE = re.compile(r"([\w-]+):(-?\d+)(kB)?")
_HEAD = re.compile(r"^\[ *pid *\] +(?P<columns>uid .* name)$")
_ROW = re.compile(r"^\[ *(?P<pid>\d+)\] +(?P<rest>\d.*)$")


@dataclass(frozen=True)
class Victim:
    """One kill. sizes: by the report's own names ("total-vm", "anon-rss", "file-rss", "shmem-rss", "pgtables"), KiB.

    memcg: whether it was a memory cgroup's OOM. constraint, oom_memcg, task_memcg: None where the report was
    rate-limited (or a process was killed without one, as those that share its memory are).
    """

    pid: int
    name: str
    memcg: bool
    sizes: dict[str, int]
    oom_score_adj: int | None
    constraint: str | None = None
    oom_memcg: str | None = None
    task_memcg: str | None = None


def messages(log: str) -> Iterator[str]:
    """The messages of /dev/kmsg's records ("prio,sequence,µs,flags;message"), without their continuation lines."""
    for line in log.splitlines():
        head, separator, message = line.partition(";")
        if separator and re.match(r"\d+,\d+,", head):
            yield message


def victims(log: str) -> list[Victim]:
    """Every process that was killed, by a text of /dev/kmsg, in order.

    One that memory.oom.group takes with its group is named twice: as the victim, then among the group."""
    found: list[Victim] = []
    constraints: dict[str | None, dict[str, str]] = {}
    for message in messages(log):
        if match := _CONSTRAINT.match(message):
            fields = dict(re.findall(r"(\w+)=([^,]*)", match["fields"]))
            constraints[fields.get("pid")] = fields
        elif (match := _KILLED.match(message)) and int(match["pid"]) not in {one.pid for one in found}:
            why = constraints.pop(match["pid"], {})
            sizes = _SIZE.findall(match["fields"])
            numbers = {name: int(value) for name, value, unit in sizes if not unit}
            found.append(Victim(
                int(match["pid"]), match["name"], match["where"].startswith("Memory cgroup"),
                {name: int(value) for name, value, unit in sizes if unit}, numbers.get("oom_score_adj"),
                why.get("constraint"), why.get("oom_memcg"), why.get("task_memcg")))
    return found


def tables(log: str) -> list[dict[int, dict[str, int]]]:
    """The tables of tasks, one a report that has one: pid → column → number ("rss" in pages, "oom_score_adj")."""
    found: list[dict[int, dict[str, int]]] = []
    columns: list[str] = []
    for message in messages(log):
        if match := _HEAD.match(message):
            columns = match["columns"].split()[:-1]
            found.append({})
        elif (match := _ROW.match(message)) and columns:
            values = match["rest"].split()
            found[-1][int(match["pid"])] = dict(zip(columns, map(int, values[:len(columns)]), strict=True))
    return found


# What harness/oom_killer.py records of one OOM: {"log": text, "pids": {probe: pid}, "ended": {probe: wait status},
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
class IsVictim(FromArm):
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
class HighestDied(FromArm):
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
class Kills(FromArm):
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
class Reported(FromArm):
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
    return Derived(title, lambda recording: sum(bool(which(*row)) for row in recording.records[record])
                   if record in recording.records else None, units)
