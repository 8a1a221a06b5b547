"""Single lines of an OOM report → their fields. Pure; a torn line gives the fields that are whole.

As mm/oom_kill.c (dump_header, dump_tasks, dump_oom_victim, __oom_kill_process, oom_reap_task), mm/memcontrol.c
(mem_cgroup_print_oom_meminfo, mem_cgroup_print_oom_group) and mm/show_mem.c (show_free_areas) print them, from 2.6.32 to 7.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.linux.oom import Zone

_PLACE = r"(?:(?P<where>(?:Memory cgroup o|O)ut of [Mm]emory(?: \([^)]*\))?): )?"
ASKED = re.compile(r"^(?:(?P<name>.*?) invoked )?oom-killer: ?(?P<rest>gfp_mask=.*|)$")
TORN_HEAD = re.compile(r"^(?P<name>.+) invoked oom-kil\w*:?$")
KILLED = re.compile(
    rf"^{_PLACE}Killed process (?P<pid>\d+),?(?: UID (?P<uid>\d+),)? \((?P<name>.*)\)"
    r"(?=,? (?:UID |total-vm|vsz)|[,.]?$)(?P<fields>.*)$"
)
TORN_KILL = re.compile(rf"^{_PLACE}Killed process (?P<pid>\d+),? ")
CHOSEN = re.compile(rf"^{_PLACE}[Kk]ill process (?P<pid>\d+) \((?P<name>.*)\)(?: score (?P<score>\d+)(?=,? or))?")
WHY = re.compile(r"^oom-kill:(?P<fields>constraint=.*)$")
TASK_IN = re.compile(r"^Task in (?P<task>.*) killed as a result of limit of (?P<limit>.*)$")
CPUSET = re.compile(r"^(?P<name>.*) cpuset=(?P<cpuset>.*) mems_allowed=(?P<mems>[\d,-]+)$")
CPU = re.compile(
    r"^(?:CPU: \d+ (?:UID: \d+ )?PID|Pid): (?P<pid>\d+),? [Cc]omm: (?P<name>.*?) (?:Kdump: loaded )?(?:Not t|T)ainted"
)
RELEASE = re.compile(r"(?:ainted:? .*? ?|^Linux version )(?P<release>\d+\.\d+[\w.+~-]*)(?= )")
USAGE = re.compile(r"^(?P<what>memory|swap|memory\+swap|kmem): usage (?P<usage>\d+)kB, limit (?P<limit>\d+)kB, failcnt \d+$")
STATS = re.compile(r"^Memory cgroup stats(?: for (?P<group>/.*?))?:(?: (?P<rest>[a-z_]+:\d.*))?$")
STAT = re.compile(r"^(?P<name>[a-z_0-9]+) (?P<value>\d+)$")
AMOUNTS = re.compile(r"(?: ?[a-z_]+:\d+)+")
AMOUNT = re.compile(r"([a-z_]+):(\d+)(?!\w)")
KIBS = re.compile(r"([a-z_]+):(\d+)KB\b")
ZONE = re.compile(r"^(?:Node (?P<node>\d+) )?(?P<name>[A-Z]\w+) (?P<sizes>free:\d+kB .*)$")
BUDDY = re.compile(r"^(?:Node \d+ )?[A-Z]\w+: \d+\*(?P<kib>\d+)kB ")
SIZE = re.compile(r"([\w-]+):(-?\d+)kB")
SWAP = re.compile(r"^(?P<what>Free|Total) swap += (?P<kib>\d+)kB$")
RAM = re.compile(r"^(?P<pages>\d+) pages (?:of )?RAM$")
RESERVED = re.compile(r"^(?P<pages>\d+) (?:pages reserved|reserved pages)$")
SLAB = re.compile(r"^(?P<name>\S+) +(?P<used>\d+)KB +(?P<total>\d+)KB$")
HEAD = re.compile(r"^\[ *pid *\] +(?P<columns>uid +tgid +total_vm +rss .*\bname)$")
ROW = re.compile(r"^\[ *(?P<pid>\d+)\](?P<rest>(?: .*|))$")
GROUP = re.compile(r"^Tasks in (?P<group>.*) are going to be killed due to memory\.oom\.group set$")
EXITING = re.compile(r"OOM victim (?P<pid>\d+) \(.*\) is already exiting\. Skip killing the task$")
REAPED = re.compile(r"^oom_reaper: reaped process:?(?P<pid> ?\d+) \(.*\),? now (?P<sizes>.*)$")
UNREAPED = re.compile(r"^oom_reaper: unable to reap pid:(?P<pid>\d+)")
UNKILLABLE = re.compile(r"[Oo]ut of memory and no killable processes")
SYSRQ = re.compile(r"^(?i:sysrq) ?: Manual OOM execution")
DROPPED = re.compile(r"printk messages dropped|^Missed \d+ kernel messages|messages suppressed$")
BOOT = re.compile(r"^Linux version |^-- (?:Reboot|Boot [0-9a-f]+) ?--")
_KEYS = re.compile(r", ?(?=(?:nodemask|cpuset|mems_allowed|oom_memcg|task_memcg|task|pid|uid)=|global_oom(?:,|$))")
_VICTIM = re.compile(r", ?task=(?P<task>.*), ?pid=(?P<pid>\d+), ?uid=(?P<uid>\d+)$")
GOES_ON = re.compile(
    r"^(?:(?:total-vm|vsz|anon-rss|file-rss|shmem-rss|pgtables|oom_score_adj|UID):\d|score \d+ or|global_oom,"
    r"|(?:gfp_mask|order|oom_score_adj|nodemask|cpuset|mems_allowed|oom_memcg|task_memcg|task|pid|uid)=)"
)


@dataclass(frozen=True)
class Asked:
    """The fields of the first line; None for those that are not there, or cut off."""

    name: str | None
    gfp: str | None
    order: int | None
    adj: int | None


def asked(match: re.Match[str]) -> Asked:
    rest = match["rest"]
    mask = re.search(r"gfp_mask=(\w+)(?:\(([^)]*)\))?,", rest)
    order = re.search(r"\border=(-?\d+),", rest)
    adj = re.search(r"\b(?:oom_score_adj|oom_adj|oomkilladj)=(-?\d+)$", rest)
    return Asked(
        match["name"],
        (mask[2] or mask[1]) if mask else None,
        int(order[1]) if order else None,
        int(adj[1]) if adj and "oom_score_adj" in adj[0] else None,
    )


def why(fields: str) -> dict[str, str]:
    """Splits the fields of "oom-kill:". Lists of nodes have commas in them, and so may names; the last field of a torn line is
    left out."""
    tail = _VICTIM.search(fields)
    parts = _KEYS.split(fields[: tail.start()] if tail else fields)
    named = [part.partition("=") for part in (parts if tail else parts[:-1])]
    found = {name: value for name, equals, value in named if equals} | (tail.groupdict() if tail else {})
    return {name: value for name, value in found.items() if name not in {"pid", "uid"} or value.isdecimal()}


def sizes(fields: str) -> tuple[dict[str, int], int | None, int | None]:
    """Reads the line of a kill: sizes in KiB, the owner, oom_score_adj."""
    uid = re.search(r"\bUID:? ?(\d+)(?=[ ,])", fields)
    adj = re.search(r"\boom_score_adj:(-?\d+)$", fields)
    found = {name: int(value) for name, value in SIZE.findall(fields)}
    if "vsz" in found:  # 2.6.32
        found["total-vm"] = found.pop("vsz")
    return found, int(uid[1]) if uid else None, int(adj[1]) if adj else None


def zone(match: re.Match[str]) -> Zone:
    return Zone(
        int(match["node"]) if match["node"] else None,
        match["name"],
        {name: int(value) for name, value in SIZE.findall(match["sizes"])},
    )


def row(rest: str, columns: tuple[str, ...]) -> tuple[dict[str, int], str] | bool:
    """Reads a row of the table: numbers by column, and the name. True for a torn row, False for no row at all."""
    values = rest.split(None, len(columns))
    numbers = values[: len(columns)]
    if not all(re.fullmatch(r"-?\d+", one) for one in numbers):
        return False
    if len(values) <= len(columns):
        return True
    return dict(zip(columns, map(int, numbers), strict=True)), values[-1]
