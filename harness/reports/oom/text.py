"""An OOM told in sentences: who asked, what was short, who died by which rule, what the memory was; with the claims that
prove each of them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness import catalogue
from harness.linux import oom_score
from harness.linux.oom import UNLIMITED, Report, missing
from harness.linux.oom_score import Candidate, Ranking

SHARE = 20  # what is less than a twentieth of the memory is not worth a sentence


@dataclass(frozen=True)
class Sentence:
    """One thing that follows from the report, and the ids of the claims that prove it."""

    text: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """An OOM in sentences. parts: heading → sentences, none empty."""

    report: Report
    ranking: Ranking | None
    parts: Mapping[str, Sequence[Sentence]]


def tell(report: Report, swap: int | None = None) -> Told:
    """Says all that a report tells. swap: KiB of the machine's swap, where another report of the log says it."""
    ranking = oom_score.rank(report, swap)
    parts = {
        "Who asked": list(_asked(report)),
        "What was short": list(_short(report)),
        "Who died": [*_died(report, ranking), *_ranked(report, ranking)],
        "What the memory was": list(_charged(report, ranking)),
        "What is missing": [Sentence(one) for one in missing(report)],
    }
    known = catalogue.claims()
    told = {
        heading: [Sentence(one.text, tuple(claim for claim in one.claims if claim in known)) for one in found]
        for heading, found in parts.items()
        if found
    }
    return Told(report, ranking, told)


def tell_all(reports: Sequence[Report]) -> list[Told]:
    """Says all that the reports of one log tell."""
    swap = oom_score.swap_known(list(reports))
    return [tell(one, swap) for one in reports]


def size(kib: float) -> str:
    """Writes KiB as people do: "29.8 GiB"."""
    for unit, factor in (("GiB", 1 << 20), ("MiB", 1 << 10)):
        if abs(kib) >= factor:
            return f"{kib / factor:,.1f} {unit}"
    return f"{kib:,.0f} KiB"


def who(name: str | None, pid: int | None) -> str:
    """Names a process."""
    return (
        f"“{name}”" + (f" (pid {pid})" if pid is not None else "") if name else (f"pid {pid}" if pid is not None else "somebody")
    )


def _asked(report: Report) -> Iterator[Sentence]:
    if report.sysrq:
        yield Sentence("It was asked for by hand, by sysrq-f: nothing was short by itself.")
    elif report.asked and report.order is not None:
        pages = f"{1 << report.order} pages in a row" if report.order > 0 else "a page"
        yield Sentence(f"{who(report.asked, report.asked_pid)} asked for {pages} ({report.gfp}, order {report.order}).")
    elif report.asked:
        yield Sentence(f"{who(report.asked, report.asked_pid)} asked.")


def _short(report: Report) -> Iterator[Sentence]:
    constraint = report.why.get("constraint")
    if report.memcg:
        yield from _group_short(report)
        return
    if constraint in {"CONSTRAINT_CPUSET", "CONSTRAINT_MEMORY_POLICY"}:
        cpuset = constraint == "CONSTRAINT_CPUSET"
        nodes = report.why.get("mems_allowed" if cpuset else "nodemask")
        of = f"the cpuset {report.why.get('cpuset')}" if cpuset else "a memory policy"
        yield Sentence(
            f"NUMA nodes {nodes}, the only ones of {of}.", ("oom-allowed-cpuset" if cpuset else "oom-allowed-mempolicy",)
        )
    elif report.memcg is False and not report.sysrq:
        yield Sentence("The machine as a whole.")
    elif constraint and constraint != "CONSTRAINT_NONE":
        yield Sentence(f"What {constraint} names.")
    zones = [one for one in report.zones if {"free", "min"} <= set(one.sizes)]
    for zone in zones:
        free, least = zone.sizes["free"], zone.sizes["min"]
        place = f"node {zone.node} " if zone.node is not None else ""
        below = "below" if free < least else "above"
        others = ", ".join(f"{name} {size(zone.sizes[name])}" for name in ("low", "high") if name in zone.sizes)
        yield Sentence(f"Zone {place}{zone.name}: {size(free)} free, {below} its min watermark of {size(least)} ({others}).")
    if "swap" in report.machine:
        total, unused = report.machine["swap"], report.machine.get("swap_free")
        left = f"{size(unused)} of {size(total)} left" if unused is not None else size(total)
        yield Sentence(f"Swap: {left}." if total else "There is no swap.", ("usable-is-ram-plus-swap",))


def _group_short(report: Report) -> Iterator[Sentence]:
    name = f"the group {report.oom_memcg}" if report.oom_memcg else "a group whose name is not in the log"
    if report.memory:
        usage, limit = report.memory
        most = "without a limit of its own" if limit >= UNLIMITED // 2 else f"of a limit of {size(limit)} ({limit:,} kB)"
        yield Sentence(f"Memory of {name}: {size(usage)} {most}.", ("oom-allowed-memcg",))
    else:
        yield Sentence(f"Memory of {name}; its limit is not in the log.", ("oom-allowed-memcg",))
    if report.swap:
        used, limit = report.swap
        if limit == 0:
            yield Sentence("The group may not use swap.")
        else:
            most = "no limit" if limit >= UNLIMITED // 2 else f"a limit of {size(limit)}"
            yield Sentence(f"Swap of the group: {size(used)} used, {most}.", ("memcg-oom-needs-full-swap",))
    if report.memsw:
        usage, limit = report.memsw
        most = "no limit" if limit >= UNLIMITED // 2 else f"a limit of {size(limit)}"
        yield Sentence(f"Memory and swap together (cgroup v1): {size(usage)} used, {most}.")
    task = report.why.get("task_memcg")
    if task and report.oom_memcg and task != report.oom_memcg:
        yield Sentence(f"The victim is in {task}, below the group whose limit counts.", ("memcg-parent-limit-wins",))


def _died(report: Report, ranking: Ranking | None) -> Iterator[Sentence]:
    for place, victim in enumerate(report.victims):
        parts = [f"{size(victim.sizes[name])} {what}" for name, what in _PARTS if victim.sizes.get(name)]
        text = f"{who(victim.name, victim.pid)} was killed" + (f": {', '.join(parts)}." if parts else ".")
        yield Sentence(text, ("oom-report-adds-up", "oom-report-three-fields") if place == 0 and parts else ())
        left = report.left.get(victim.pid)
        if left and sum(left.values()) * SHARE > sum(victim.sizes.get(name, 0) for name in ("anon-rss", "file-rss", "shmem-rss")):
            kept = ", ".join(f"{name} {size(kib)}" for name, kib in left.items() if kib)
            yield Sentence(f"The reaper freed the rest of {who(victim.name, victim.pid)} at once, but not {kept}.")
        if victim.pid in report.unreaped:
            yield Sentence(f"The reaper could not free the memory of {who(victim.name, victim.pid)}.")
    if report.chosen and report.victims and report.chosen[0] != report.victims[0].pid:
        yield Sentence(
            f"The kernel chose {who(report.chosen[1], report.chosen[0])} and killed this child or thread of it.",
            ("oom-child-sacrificed",),
        )
    if report.group:
        yield Sentence(f"memory.oom.group is set in {report.group}: the kernel kills all of it.", ("memcg-oom-group-kills-all",))
    for pid in report.exiting:
        yield Sentence(f"{who(report.names.get(pid), pid)} was already exiting, and was not killed.")
    if report.unkillable:
        yield Sentence(
            "Nobody: the kernel found no process that it may kill" + (", and panicked." if report.panic else "."),
            ("oom-score-adj-min-disables", "oom-adj-minus17-immune"),
        )
    elif report.panic:
        yield Sentence("The kernel panicked (vm.panic_on_oom).")


_PARTS = (("anon-rss", "anonymous"), ("file-rss", "of files"), ("shmem-rss", "shared"), ("pgtables", "of page tables"))


def _ranked(report: Report, ranking: Ranking | None) -> Iterator[Sentence]:
    """Says why, by the kernel's rule."""
    if ranking is None:
        return
    free = [one for one in ranking.candidates if one.score is not None]
    never = sum(one.adj == oom_score.NEVER for one in ranking.candidates)
    if first := ranking.first:
        if first.score is None:
            yield Sentence(f"Its score cannot be worked out, its oom_score_adj is {first.adj}.")
        else:
            yield from _choice(report, ranking, first, free)
    if never:
        yield Sentence(
            f"{never} of {len(ranking.candidates)} tasks at oom_score_adj -1000 may not be chosen.",
            ("oom-score-adj-min-disables", "oom-adj-minus17-immune"),
        )
    yield from (Sentence(note) for note in ranking.notes)


def _choice(report: Report, ranking: Ranking, first: Candidate, free: list[Candidate]) -> Iterator[Sentence]:
    place, others = ranking.place(first), [one for one in free if one is not first]
    claims: tuple[str, ...] = ("oom-factor-memory", "oom-score-adj-added", "oom-score-counts-pagetables")
    alike = len({one.adj for one in free}) == 1  # what that claim is about
    claims += ("oom-allowed-memcg",) if report.memcg else ("oom-highest-score-dies",) * alike
    of = f"{len(free)} tasks that may be chosen" if others else "only task that may be chosen"
    formula = f"{first.score:,} pages: {first.rss:,} resident + {first.swap:,} swapped + {first.tables:,} of page tables"
    formula += f" {'-' if first.weight < 0 else '+'} {abs(first.weight):,} for oom_score_adj {first.adj}" if first.adj else ""
    if place == 1:
        rule = f"has the highest score of the {of}" if others else f"is the {of}"
        yield Sentence(f"By the kernel's rule it {rule}, {formula}.", claims)
        if others:
            nearest = others[0]
            yield Sentence(f"The next would be {who(nearest.name, nearest.pid)} with {nearest.score:,} pages.")
    else:
        highest = others[0]
        yield Sentence(
            f"By the kernel's rule it has place {place} of the {of}, {formula}; the highest is "
            f"{who(highest.name, highest.pid)} with {highest.score:,} pages. The log does not tell why: the higher ones may "
            "have been dying already, or have grown since, "
            "or vm.oom_kill_allocating_task is set.",
            (*claims, "oom-allocating-task-memcg" if report.memcg else "oom-allocating-task-global"),
        )
    largest = max(free, key=lambda one: one.used)
    if place == 1 and largest.used > first.used:
        yield Sentence(
            f"oom_score_adj decided: by memory alone it would be {who(largest.name, largest.pid)}.",
            ("oom-adj-steers", "oom-score-adj-added"),
        )
    without = max(free, key=lambda one: (one.score or 0) - one.tables)
    if place == 1 and without is not first and (without.score or 0) - without.tables > (first.score or 0) - first.tables:
        yield Sentence(
            f"Page tables decided: without them it would be {who(without.name, without.pid)}.", ("oom-score-counts-pagetables",)
        )


def _charged(report: Report, ranking: Ranking | None) -> Iterator[Sentence]:
    page = (ranking.page if ranking else report.page or oom_score.PAGE) // 1024
    stat = {name: (value // 1024 if report.memcg else value * page) for name, value in report.stat.items()}
    if report.memcg:
        whole = report.memory[0] if report.memory else 0
    else:
        whole = (report.machine["ram"] - report.machine.get("reserved", 0)) * page if "ram" in report.machine else 0
    if not stat or not whole:
        return
    anon = stat.get("anon", stat.get("rss", stat.get("active_anon", 0) + stat.get("inactive_anon", 0) - stat.get("shmem", 0)))
    yield Sentence(f"Anonymous memory: {size(max(anon, 0))} of {size(whole)} ({max(anon, 0) * 100 // whole} %).")
    mapped = sum(task.get("rss_shmem", 0) for task in report.tasks.values()) * page
    for name, kib, text, claims in _unseen(report, stat, mapped):
        if kib * SHARE >= whole:
            yield Sentence(f"{name}: {size(kib)} ({kib * 100 // whole} %). {text}", claims)


def _unseen(report: Report, stat: Mapping[str, int], mapped: int) -> Iterator[tuple[str, int, str, tuple[str, ...]]]:
    """Gives what is charged beside anonymous memory: name, KiB, what follows from it, claims."""
    shmem = stat.get("shmem", 0)
    swaps = "to make room it can only go to swap" + (
        "" if report.swap != (0, 0) and report.machine.get("swap") != 0 else ", and there is none"
    )
    text = f"Killing frees none of it that a file or segment still holds; {swaps}: look for large "
    text += "files in tmpfs and for segments (ipcs -m)."
    if mapped * 2 > shmem:
        text = f"Processes have {size(mapped)} of it mapped (shared pages count in each)."
    yield (
        "Shared memory and tmpfs",
        shmem,
        text,
        ("tmpfs-file-is-cache", "tmpfs-unreclaimable", "sysv-shm-is-tmpfs", "posix-shm-is-tmpfs", "memcg-tmpfs-counts-to-writer"),
    )
    files = stat["file"] - shmem if "file" in stat else stat.get("active_file", 0) + stat.get("inactive_file", 0)
    yield (
        "Page cache of files",
        max(files, 0),
        "The kernel could not get it back in time: it was in use, dirty, or read again at once.",
        ("memcg-active-file-unreclaimable",),
    )
    tables = stat.get("pagetables", 0)
    yield (
        "Page tables",
        tables,
        "No process's rss has them, but the score counts them.",
        ("oom-score-counts-pagetables", "memcg-counts-kernel-memory"),
    )
    slab = stat.get("slab_unreclaimable", 0)
    largest = ", ".join(f"{name} {size(kib)}" for name, kib in sorted(report.slabs.items(), key=lambda one: -one[1])[:3])
    yield (
        "Kernel objects that cannot be reclaimed",
        slab,
        f"No kill is sure to free them{f'; the largest: {largest}' if largest else ''}.",
        ("memcg-counts-kernel-memory",),
    )
    yield (
        "Kernel stacks",
        stat.get("kernel_stack", 0),
        "Each thread has one: there are many threads.",
        ("memcg-counts-kernel-memory",),
    )
    yield (
        "Locked or otherwise unevictable",
        stat.get("unevictable", 0),
        "Neither swap nor reclaim takes it.",
        ("mlock-unevictable", "mlock-never-swapped"),
    )
