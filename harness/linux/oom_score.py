"""Every task of an OOM's table by the kernel's own rule: what made its score, who was the highest. Pure.

mm/oom_kill.c, oom_badness: resident pages + swapped pages + pages of page tables + oom_score_adj × (total / 1000), where
total is what the tasks were allowed to use (constrained_alloc): the group's limit and the swap it may have, the present
pages of the nodes and all swap, or RAM and all swap. -1000 is never chosen. So since 2.6.39; root had 3 % off until 4.17.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.linux.oom import UNLIMITED, Report

NEVER = -1000
PAGE = 4096  # bytes, where the report does not tell: x86 has no other, ARM and POWER have 16 and 64 KiB


@dataclass(frozen=True)
class Candidate:
    """A task of the table: its parts and its score in pages; score is None for one that may not be chosen. taken: whether
    it was killed in this OOM."""

    pid: int
    name: str
    rss: int
    swap: int
    tables: int
    adj: int
    weight: int
    score: int | None
    taken: bool

    @property
    def used(self) -> int:
        return self.rss + self.swap + self.tables


@dataclass(frozen=True)
class Ranking:
    """The tasks, the highest score first, then those that may not be chosen. page: bytes. total: the pages that
    oom_score_adj is a share of, None where the log does not say; least: it is that or more, for the machine's swap is not
    known. notes: what of the rule could not be followed."""

    candidates: tuple[Candidate, ...]
    page: int
    total: int | None
    least: bool
    notes: tuple[str, ...]

    @property
    def first(self) -> Candidate | None:
        """Finds the first that was killed: the choice."""
        return next((one for one in self.candidates if one.taken), None)

    def place(self, candidate: Candidate) -> int:
        """Counts how many have a higher score, and one."""
        return 1 + sum(
            one.score > candidate.score for one in self.candidates if one.score is not None and candidate.score is not None
        )


def rank(report: Report, swap: int | None = None) -> Ranking | None:
    """Ranks an OOM's tasks; None where there is no table, or the kernel is older than the rule (2.6.36).

    swap: KiB of the machine's swap, where another report of this log says it.
    """
    if not report.tasks or (report.series is not None and report.series < (2, 7) and _patch(report) < 36):
        return None
    page, notes = page_size(report)
    total, least = total_pages(report, page, swap)
    chosen = report.victims[0].pid if report.victims else None
    if report.chosen:  # before 5.1 a child may have died for it
        chosen = report.chosen[0] if report.chosen[0] in report.tasks else chosen
    found = []
    for pid, task in report.tasks.items():
        tables = (
            task["pgtables_bytes"] // page
            if "pgtables_bytes" in task
            else sum(task.get(name, 0) for name in ("nr_ptes", "nr_pmds", "nr_puds"))
        )
        adj = task.get("oom_score_adj", 0)
        used, weight = task["rss"] + task.get("swapents", 0) + tables, adj * ((total or 0) // 1000)
        score = None if adj == NEVER or (adj and total is None) else used + weight
        found.append(
            Candidate(pid, report.names[pid], task["rss"], task.get("swapents", 0), tables, adj, weight, score, pid == chosen)
        )
    notes += _notes(report, found, total, least)
    found.sort(key=lambda one: (one.score is None, -(one.score or 0), -one.used, one.pid))
    return Ranking(tuple(found), page, total, least, tuple(notes))


def _patch(report: Report) -> int:
    numbers = re.findall(r"\d+", report.release or "")
    return int(numbers[2]) if len(numbers) > 2 else 0


def _notes(report: Report, found: list[Candidate], total: int | None, least: bool) -> list[str]:
    notes = []
    weighed = any(one.adj not in (0, NEVER) for one in found)
    if weighed and total is None:
        notes.append("What oom_score_adj is a share of is not in the log: tasks with one are not ranked.")
    elif weighed and least:
        notes.append(
            "The machine's swap is not in the log: oom_score_adj is weighed against the limit alone, and weighs more with swap."
        )
    if report.series is None and not any("pgtables_bytes" in task for task in report.tasks.values()):
        notes.append("An old kernel: one before 4.17 takes 3 % off for root, which is not done here.")
    elif report.series is not None and report.series < (4, 17):
        notes.append(
            "Kernels before 4.17 take 3 % off for processes with CAP_SYS_ADMIN, which the log does not tell: not done here."
        )
    if not any("swapents" in task for task in report.tasks.values()):
        notes.append("This kernel's table has no column for swap: it counts in the choice, but is not known.")
    if report.torn:
        notes.append("Rows of the table are cut off: a task with a higher score may be missing.")
    return notes


def page_size(report: Report) -> tuple[int, list[str]]:
    """Finds the page size by the free lists, the release, or the victim's size in KiB and in pages; else takes 4 KiB."""
    if report.page:
        return report.page, []
    if re.search(r"amd64|x86_64|[-.]i[3-6]86\b", report.release or ""):
        return PAGE, []
    for victim in report.victims:
        pages = report.tasks.get(victim.pid, {}).get("rss", 0)
        kib = sum(victim.sizes.get(name, 0) for name in ("anon-rss", "file-rss", "shmem-rss"))
        if pages >= 100 and kib:
            return min((4096, 16384, 65536), key=lambda size: abs(kib * 1024 / pages - size)), []
    return PAGE, ["The page size is not in the log: 4 KiB are assumed."]


def total_pages(report: Report, page: int, swap: int | None = None) -> tuple[int | None, bool]:
    """Works out what oom_score_adj is a share of, in pages; and whether it may be more, by swap of unknown size."""
    if report.memcg and report.memory:
        limit, kib = report.memory[1], 0
        if limit >= UNLIMITED // 2:
            return None, False
        if report.memsw:  # noqa: SIM108 - cgroup v1: the limit of memory and swap together
            most = max(0, report.memsw[1] - limit)
        else:
            most = report.swap[1] if report.swap else UNLIMITED
        known = most == 0 or swap is not None
        kib = min(most, swap) if swap is not None else 0
        return (limit + kib) * 1024 // page, not known
    if report.memcg or "swap" not in report.machine:
        return None, False
    added = report.machine["swap"] * 1024 // page
    nodes = {"CONSTRAINT_MEMORY_POLICY": "nodemask", "CONSTRAINT_CPUSET": "mems_allowed"}.get(report.why.get("constraint", ""))
    if nodes:
        present = [
            one.sizes.get("present", 0) * 1024 // page for one in report.zones if one.node in node_list(report.why.get(nodes, ""))
        ]
        return (sum(present) + added, False) if present else (None, False)
    if "ram" not in report.machine or "reserved" not in report.machine:
        return None, False
    return report.machine["ram"] - report.machine["reserved"] + added, False


def node_list(text: str) -> set[int]:
    """Reads a list of nodes as the kernel prints it: "0,8-9"."""
    found: set[int] = set()
    for part in re.findall(r"\d+(?:-\d+)?", text):
        first, _, last = part.partition("-")
        found |= set(range(int(first), min(int(last or first), int(first) + 4096) + 1))
    return found


def swap_known(reports: list[Report]) -> int | None:
    """Finds the machine's swap in KiB, if every report that says it says the same."""
    said = {one.machine["swap"] for one in reports if "swap" in one.machine}
    return said.pop() if len(said) == 1 else None
