"""An OOM as the kernel's log tells it: who asked, what was short, the table of tasks, who was killed. Pure.

What the log does not say is None or empty, and `missing` names it: nothing is worked out from another OOM's report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

UNLIMITED = 9007199254740988  # KiB: what a group without a limit is reported with (PAGE_COUNTER_MAX pages of 4 KiB)


@dataclass(frozen=True)
class Victim:
    """One kill. sizes: by the report's own names ("total-vm", "anon-rss", "file-rss", "shmem-rss", "pgtables"), KiB.

    memcg: whether it was a memory cgroup's OOM; None where the line does not say (kernels before 5.1, without the line
    before it). uid: the owner (since 5.4). constraint, oom_memcg, task_memcg: None where the report was rate-limited (or a
    process was killed without one, as those that memory.oom.group takes are). name: empty where the line is torn. score: of
    kernels before 5.1, 0 to 1000 and more. seconds, stamp: when, as in kernel_log.Record.
    """

    pid: int
    name: str
    memcg: bool | None
    sizes: dict[str, int]
    oom_score_adj: int | None
    uid: int | None = None
    constraint: str | None = None
    oom_memcg: str | None = None
    task_memcg: str | None = None
    score: int | None = None
    seconds: float | None = None
    stamp: str = ""


@dataclass(frozen=True)
class Zone:
    """A memory zone at that moment: sizes by the report's names ("free", "min", "low", "high", "present", "managed"), KiB."""

    node: int | None
    name: str
    sizes: dict[str, int]


@dataclass
class Report:
    """One OOM: from "… invoked oom-killer" to the last process that was killed for it.

    at: microseconds since boot, None where the log has dates instead. stamp: the time as it stands in the log. release: of
    the kernel. asked, asked_pid, gfp, order, asked_adj: the process that asked for memory and for what. memory, swap,
    memsw, kmem: (usage, limit) of the group in KiB, empty in a system-wide OOM; the last two are cgroup v1's. stat_of, stat:
    a group, and its memory.stat in bytes; in a system-wide OOM the machine's amounts in pages. zones, machine: of a
    system-wide OOM; machine has "ram" and "reserved" in pages, "swap" and "swap_free" in KiB. why: the fields of the
    "oom-kill:" line, which says what was short (constraint, nodemask, cpuset, mems_allowed, oom_memcg, task_memcg).
    tasks: pid → column → number; names: pid → name; torn: how many rows could not be read. chosen: pid, name and score of the
    line before the kill (before 5.1). group: the group that memory.oom.group takes as a whole. victims: in their order, each
    once. left: by pid, the sizes in KiB when the reaper was done. exiting, unreaped: pids that were
    already exiting, that the reaper gave up on. unkillable: the kernel found no one to kill. sysrq: somebody asked for it.
    limited: only the kill is in the log, as of a rate-limited report (10 in 5 seconds). lost: the log says that messages
    were dropped within it. cut: the log ends in the middle of it. page: bytes, None where the report does not tell.
    """

    at: int | None = None
    stamp: str = ""
    seconds: float | None = None
    release: str | None = None
    head: bool = False
    asked: str | None = None
    asked_pid: int | None = None
    gfp: str | None = None
    order: int | None = None
    asked_adj: int | None = None
    memory: tuple[int, int] | tuple[()] = ()
    swap: tuple[int, int] | tuple[()] = ()
    memsw: tuple[int, int] | tuple[()] = ()
    kmem: tuple[int, int] | tuple[()] = ()
    stat_of: str | None = None
    stat: dict[str, int] = field(default_factory=dict)
    zones: list[Zone] = field(default_factory=list)
    machine: dict[str, int] = field(default_factory=dict)
    slabs: dict[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    tasks: dict[int, dict[str, int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    torn: int = 0
    why: dict[str, str] = field(default_factory=dict)
    chosen: tuple[int, str, int | None] | tuple[()] = ()
    group: str | None = None
    victims: list[Victim] = field(default_factory=list)
    left: dict[int, dict[str, int]] = field(default_factory=dict)
    exiting: list[int] = field(default_factory=list)
    unreaped: list[int] = field(default_factory=list)
    unkillable: bool = False
    sysrq: bool = False
    panic: bool = False
    limited: bool = False
    lost: bool = False
    cut: bool = False
    page: int | None = None

    @property
    def memcg(self) -> bool | None:
        """Says whether a memory cgroup was short, not the machine; None where nothing tells it."""
        constraint = self.why.get("constraint")
        if constraint:
            return constraint == "CONSTRAINT_MEMCG"
        said = [victim.memcg for victim in self.victims if victim.memcg is not None]
        if self.memory or self.stat_of or "oom_memcg" in self.why or any(said):
            return True
        return False if said or self.zones or self.machine or self.sysrq or self.panic else None

    @property
    def oom_memcg(self) -> str | None:
        """Names the group whose limit was reached, by whichever line has it."""
        return self.why.get("oom_memcg") or self.stat_of

    @property
    def series(self) -> tuple[int, int] | None:
        """Gives the first two numbers of the release."""
        numbers = (self.release or "").replace("-", ".").split(".")[:2]
        return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 and all(one.isdigit() for one in numbers) else None

    def told(self, pid: int) -> Victim | None:
        """Finds a process among the victims."""
        return next((victim for victim in self.victims if victim.pid == pid), None)


def missing(report: Report) -> list[str]:
    """Lists what a whole report has and this one has not, each as a sentence."""
    return list(_missing(report))


def _missing(report: Report) -> Iterator[str]:
    if report.limited:
        yield (
            "Only the kill is in the log: the kernel leaves out reports beyond 10 in 5 seconds, or the log lost this one; "
            "who asked, what was short, the limit and the table of tasks are not known."
        )
    else:
        yield from _parts(report)
    if report.torn:
        yield f"{report.torn} row{'s' * (report.torn > 1)} of the table of tasks cannot be read: cut off in the log."
    if any(not victim.name or not victim.sizes for victim in report.victims):
        yield "The line of a kill is cut off: its name or sizes are missing."
    if report.lost:
        yield "The log itself says that messages were dropped here."
    if report.cut:
        yield "The log ends in the middle of a line or of this report: its last line may be cut off."


def _parts(report: Report) -> Iterator[str]:
    if not report.head:
        yield "The first line (“… invoked oom-killer”) is not in the log: who asked, and for what, is not known."
    elif report.asked is None or report.gfp is None or report.order is None:
        yield "The first line is cut off: who asked, or for what, is not wholly known."
    if report.memcg and not report.memory:
        yield "The group's usage and limit are not in the log."
    elif report.memcg and not report.stat:
        yield "The group's memory.stat is not in the log."
    elif report.memcg is False and not (report.zones and "ram" in report.machine):
        yield "The machine's free memory and watermarks are not in the log, or not all of them."
    elif report.memcg is None:
        yield "Nothing in the log says whether a group or the machine was short."
    if not report.columns:
        yield "The table of tasks is not in the log (or vm.oom_dump_tasks is 0): nobody can be ranked."
    elif not report.tasks and not report.torn:
        yield "The table of tasks has no row."
    old = bool(report.chosen) or (report.series is not None and report.series < (5, 0))
    if not report.why.get("constraint") and not report.unkillable:
        yield (
            "Kernels before 5.0 do not say by which constraint they chose."
            if old
            else "The line “oom-kill:constraint=…” is not in the log: the constraint is not known."
        )
    elif report.why and not report.unkillable and "uid" not in report.why and "constraint" in report.why:
        yield "The line “oom-kill:constraint=…” is cut off."
    if not (report.victims or report.unkillable or report.exiting or report.panic):
        named = report.why.get("pid") or (report.chosen[0] if report.chosen else None)
        yield f"The kill{f' of process {named}' if named else ''} is not in the log."
