"""The lines of an OOM report in the kernel's log: its victims and its table of tasks. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
            found.append(
                Victim(
                    int(match["pid"]),
                    match["name"],
                    match["where"].startswith("Memory cgroup"),
                    {name: int(value) for name, value, unit in sizes if unit},
                    numbers.get("oom_score_adj"),
                    why.get("constraint"),
                    why.get("oom_memcg"),
                    why.get("task_memcg"),
                )
            )
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
            found[-1][int(match["pid"])] = dict(zip(columns, map(int, values[: len(columns)]), strict=True))
    return found
