"""The kernel's OOM reports whole: who asked, how full the group was, the table of tasks, every victim, the reaper. Pure.

Lines as mm/oom_kill.c (dump_header, dump_oom_victim, __oom_kill_process, oom_reap_task) and mm/memcontrol.c
(mem_cgroup_print_oom_meminfo, mem_cgroup_print_oom_group) print them; checked with real kills on 5.10, 6.1, 6.12 and 7.2.
The line `oom-kill:constraint=…` is there since 5.0; the table's head names its columns (three more since 6.10). Both are
rate-limited (10 reports in 5 seconds), the line of the kill is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_ASKED = re.compile(
    r"^(?P<name>.*) invoked oom-killer: gfp_mask=(?P<mask>\w+)(?:\((?P<gfp>[^)]*)\))?.*?, "
    r"order=(?P<order>-?\d+), oom_score_adj=(?P<adj>-?\d+)$"
)
_USAGE = re.compile(r"^(?P<what>memory|swap): usage (?P<usage>\d+)kB, limit (?P<limit>\d+)kB, failcnt \d+$")
_CONSTRAINT = re.compile(r"^oom-kill:(?P<fields>constraint=.*)$")
_STAT = re.compile(r"^(?P<name>[a-z_]+) (?P<value>\d+)$")
_REAPED = re.compile(r"^oom_reaper: reaped process (?P<pid>\d+) \(.*\), now (?P<sizes>.*)$")
_GROUP = re.compile(r"^Tasks in (?P<group>.*) are going to be killed due to memory\.oom\.group set$")
_KILLED = re.compile(r"^(?P<where>.*): Killed process (?P<pid>\d+) \((?P<name>.*)\) (?P<fields>total-vm:.*)$")
_SIZE = re.compile(r"([\w-]+):(-?\d+)(kB)?")
_HEAD = re.compile(r"^\[ *pid *\] +(?P<columns>uid .* name)$")
_ROW = re.compile(r"^\[ *(?P<pid>\d+)\] +(?P<rest>\d.*)$")
_AMOUNT = re.compile(r"([a-z_]+):(\d+)(?!\w)")


@dataclass(frozen=True)
class Victim:
    """One kill. sizes: by the report's own names ("total-vm", "anon-rss", "file-rss", "shmem-rss", "pgtables"), KiB.

    memcg: whether it was a memory cgroup's OOM. uid: the owner (since 5.4). constraint, oom_memcg, task_memcg: None where
    the report was rate-limited (or a process was killed without one, as those that share its memory are).
    """

    pid: int
    name: str
    memcg: bool
    sizes: dict[str, int]
    oom_score_adj: int | None
    uid: int | None = None
    constraint: str | None = None
    oom_memcg: str | None = None
    task_memcg: str | None = None


@dataclass
class Report:
    """One OOM: from "… invoked oom-killer" to the last process that was killed for it.

    at: microseconds since boot. asked: the process that asked for memory. memory, swap: (usage, limit) of the group in
    KiB, empty in a system-wide OOM. stat: the group's memory.stat, or in a system-wide OOM the machine's amounts in
    pages. why: the fields of the "oom-kill:" line, which says what was short (constraint, nodemask, cpuset, mems_allowed,
    oom_memcg, task_memcg). tasks: pid → column → number, as `tables` reads it. group: the group that memory.oom.group
    takes as a whole. victims: in their order, each once. left: by pid, the sizes in KiB when the reaper
    was done. A rate-limited report (10 in 5 seconds) has its victims alone.
    """

    at: int
    asked: str | None = None
    gfp: str | None = None
    order: int | None = None
    asked_adj: int | None = None
    memory: tuple[int, int] | tuple[()] = ()
    swap: tuple[int, int] | tuple[()] = ()
    stat: dict[str, int] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    tasks: dict[int, dict[str, int]] = field(default_factory=dict)
    group: str | None = None
    victims: list[Victim] = field(default_factory=list)
    left: dict[int, dict[str, int]] = field(default_factory=dict)

    @property
    def memcg(self) -> bool:
        """Says whether a memory cgroup was short, not the machine."""
        return any(victim.memcg for victim in self.victims) or bool(self.memory)


WHY = ("constraint", "nodemask", "cpuset", "mems_allowed", "oom_memcg", "task_memcg")
TEXTS = {"asked", "gfp", *WHY, "group", "name"}
COLUMNS = [
    "report",
    "at",
    "memcg",
    "asked",
    "gfp",
    "order",
    "usage",
    "limit",
    *WHY,
    "group",
    "victim",
    "pid",
    "name",
    "uid",
    "total-vm",
    "anon-rss",
    "file-rss",
    "shmem-rss",
    "pgtables",
    "oom_score_adj",
    "rss",
    "swapents",
    "ended",
]


def _records(log: str) -> Iterator[tuple[int, str]]:
    """Yields time in µs and message of each record of /dev/kmsg ("prio,sequence,µs,flags;message"), without its
    continuation lines."""
    for line in log.splitlines():
        head, separator, message = line.partition(";")
        fields = head.split(",")
        if separator and len(fields) >= 3 and fields[0].isdigit() and fields[1].isdigit() and fields[2].isdigit():
            yield int(fields[2]), message


def messages(log: str) -> Iterator[str]:
    """Yields the messages of a text of /dev/kmsg."""
    return (message for _, message in _records(log))


def _fields(text: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=([^,]*)", text))


def _victim(match: re.Match[str], why: Mapping[str, str]) -> Victim:
    """Makes a victim of the line of its kill. why: the fields of the "oom-kill:" line that names it, or none."""
    sizes = _SIZE.findall(match["fields"])
    numbers = {name: int(value) for name, value, unit in sizes if not unit}
    return Victim(
        pid=int(match["pid"]),
        name=match["name"],
        memcg=match["where"].startswith("Memory cgroup"),
        sizes={name: int(value) for name, value, unit in sizes if unit},
        oom_score_adj=numbers.get("oom_score_adj"),
        uid=numbers.get("UID"),
        constraint=why.get("constraint"),
        oom_memcg=why.get("oom_memcg"),
        task_memcg=why.get("task_memcg"),
    )


def victims(log: str) -> list[Victim]:
    """Lists every process that was killed, by a text of /dev/kmsg, in order.

    One that memory.oom.group takes with its group is named twice: as the victim, then among the group.
    """
    found: dict[int, Victim] = {}
    constraints: dict[str | None, dict[str, str]] = {}
    for message in messages(log):
        if match := _CONSTRAINT.match(message):
            fields = _fields(match["fields"])
            constraints[fields.get("pid")] = fields
        elif (match := _KILLED.match(message)) and int(match["pid"]) not in found:
            found[int(match["pid"])] = _victim(match, constraints.pop(match["pid"], {}))
    return list(found.values())


def tables(log: str) -> list[dict[int, dict[str, int]]]:
    """Lists the tables of tasks, one a report that has one: pid → column → number ("rss" in pages, "oom_score_adj")."""
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


def reports(log: str) -> list[Report]:
    """Lists every OOM in a text of /dev/kmsg, in order."""
    found: list[Report] = []
    texts: list[list[str]] = []
    for at, message in _records(log):
        asked = _ASKED.match(message)
        if asked or (not found and ": Killed process " in message):
            found.append(Report(at))
            texts.append([])
        if asked:
            one = found[-1]
            one.asked, one.gfp = asked["name"], asked["gfp"] or asked["mask"]
            one.order, one.asked_adj = int(asked["order"]), int(asked["adj"])
        if found and not _reaped(message, found):
            texts[-1].append(f"0,0,{at},-;{message}")
            _add(found[-1], message)
    for one, lines in zip(found, texts, strict=True):
        one.tasks = next(iter(tables("\n".join(lines))), {})
    return found


def _add(report: Report, message: str) -> None:
    """Enters what one message says of an OOM."""
    if match := _USAGE.match(message):
        amounts = int(match["usage"]), int(match["limit"])
        report.memory, report.swap = (amounts, report.swap) if match["what"] == "memory" else (report.memory, amounts)
    elif match := _GROUP.match(message):
        report.group = match["group"]
    elif match := _CONSTRAINT.match(message):
        report.why = _fields(match["fields"])
    elif match := _KILLED.match(message):
        if int(match["pid"]) not in {victim.pid for victim in report.victims}:
            report.victims.append(_victim(match, report.why if report.why.get("pid") == match["pid"] else {}))
    elif not report.why and not report.tasks:
        for part in message.split("\\x0a"):  # on 5.10 and 6.1 all of memory.stat is one record
            if report.memory and (match := _STAT.match(part)):
                report.stat[match["name"]] = int(match["value"])
            elif not report.memory and re.fullmatch(r"( ?[a-z_]+:\d+)+", part):
                report.stat |= {name: int(value) for name, value in _AMOUNT.findall(part)}


def _reaped(message: str, found: Sequence[Report]) -> bool:
    """Enters the reaper's line, which comes when it is done, into the last report with that victim."""
    match = _REAPED.match(message)
    if not match:
        return False
    pid = int(match["pid"])
    owner = next((one for one in reversed(found) if pid in {victim.pid for victim in one.victims}), found[-1])
    owner.left[pid] = {name: int(value) for name, value, _ in _SIZE.findall(match["sizes"])}
    return True


def rows(log: str, ended: Mapping[int, int | None] | None = None) -> list[dict[str, Any]]:
    """Gives a row for each victim, with all that its report says of it. ended: pid → wait status, beside it."""
    found = []
    for number, report in enumerate(reports(log), 1):
        for place, victim in enumerate(report.victims, 1):
            task = report.tasks.get(victim.pid, {})
            found.append(
                {
                    "report": number,
                    "at": report.at / 1e6,
                    "memcg": victim.memcg,
                    "asked": report.asked,
                    "gfp": report.gfp,
                    "order": report.order,
                    "usage": report.memory[0] if report.memory else None,
                    "limit": report.memory[1] if report.memory else None,
                    **{name: report.why.get(name) for name in WHY},
                    "group": report.group,
                    "victim": place,
                    "pid": victim.pid,
                    "name": victim.name,
                    "uid": victim.uid,
                    **victim.sizes,
                    "oom_score_adj": victim.oom_score_adj,
                    "rss": task.get("rss"),
                    "swapents": task.get("swapents"),
                    "ended": (ended or {}).get(victim.pid),
                }
            )
    return found


def frame(log: str, ended: Mapping[int, int | None] | None = None) -> pd.DataFrame:
    """Gives a row for each victim as a DataFrame. Sizes of the kernel's line ("total-vm" … "pgtables"), usage and limit in
    KiB; rss and swapents of the table of tasks in pages; at in seconds since boot. What was not said is <NA>."""
    import pandas as pd

    made = rows(log, ended)
    found = pd.DataFrame(made, columns=list(made[0]) if made else COLUMNS)
    kinds = {
        name: pd.StringDtype() if name in TEXTS else pd.Int64Dtype() for name in found.columns if name not in {"at", "memcg"}
    }
    typed: pd.DataFrame = found.astype(kinds)
    return typed
