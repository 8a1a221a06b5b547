"""OOM kills: how a procedure brings one about, what the kernel said of it, and whom it took.

A process's files oom_score, oom_score_adj and oom_adj: proc(5); fs/proc/base.c, proc_oom_score, oom_adj_write and
oom_score_adj_write. What the log says of a kill: harness/linux/oom_report.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.agent.constants import MPOL_BIND, POPULATE
from harness.claims import picture
from harness.claims.quantities import Change, Derived, Quantity, Still
from harness.evidence.recording import Number, Recording
from harness.lab.lab import Lab
from harness.lab.probe import Probe
from harness.lab.sandbox import Sandbox
from harness.linux.counters import keyed
from harness.linux.sizes import KIB, MIB

if TYPE_CHECKING:
    from harness.linux.oom import Victim

_AT_ONCE = 40  # writes that are under way together: a round trip of its own for each takes three times as long


def adjust(lab: Lab, probe: Probe, value: int, file: str = "oom_score_adj") -> int:
    """Writes a process's oom_score_adj (or oom_adj) and returns errno, 0 if it was taken."""
    return lab.hand.attempt.put(f"/proc/{probe.pid}/{file}", str(value)).error


def number(lab: Lab, probe: Probe, file: str = "oom_score") -> int:
    """Reads one of a process's files that holds a number."""
    return int(lab.read(f"/proc/{probe.pid}/{file}"))


def write_each(
    lab: Lab,
    probe: Probe,
    file: str,
    values: Iterable[int | str],
    *reads: tuple[Probe, str],
) -> list[list[int | str]]:
    """Writes each value to a process's file, then reads others, and lists value, errno and the numbers read."""
    found: list[list[int | str]] = []
    left = list(values)
    while left:
        batch = [
            (
                value,
                lab.hand.begin.put(f"/proc/{probe.pid}/{file}", str(value)),
                [lab.hand.begin.slurp(f"/proc/{other.pid}/{name}") for other, name in reads],
            )
            for value in left[:_AT_ONCE]
        ]
        found += [[value, put.wait().error, *(int(one.wait().text) for one in got)] for value, put, got in batch]
        left = left[_AT_ONCE:]
    return found


def reach(lab: Lab, probe: Probe, score: int) -> int:
    """Writes the oom_score_adj with which a process's oom_score comes nearest to a number; returns the score."""
    low, high = -999, 1000
    while low < high:
        middle = (low + high) // 2
        adjust(lab, probe, middle)
        low, high = (middle + 1, high) if number(lab, probe) < score else (low, middle)
    adjust(lab, probe, low)
    return number(lab, probe)


def used(lab: Lab, probe: Probe) -> int:
    """Reads what oom_badness counts: resident memory, swap and page tables, bytes (/proc/PID/status)."""
    rows = dict(line.split(":", 1) for line in lab.read(f"/proc/{probe.pid}/status").splitlines())
    return sum(int(rows[key].split()[0]) * KIB for key in ("VmRSS", "VmSwap", "VmPTE"))


def score_of(lab: Lab, name: str, held: int, prepare: Callable[[Probe], object] | None = None, uid: int = 0) -> None:
    """Records, as `name`, the oom_score of a process of its own that holds so many bytes and was prepared."""
    probe = lab.probe(name, uid=uid)
    probe.map(held).fill()
    if prepare:
        prepare(probe)
    lab.record(name, number(lab, probe))
    probe.kill_now()


NEVER = -1000  # oom_score_adj of the process that asks: it is no candidate, so the others' sizes stay as they are


def kills(since: str, until: str) -> Quantity:
    """Counts the processes that the OOM killer killed between two named moments, on the whole machine."""
    return Change("vmstat:oom_kill", since, until).called(f"OOM kills from “{since}” to “{until}”", "kills")


def occupy(
    lab: Lab, name: str, size: int, sandbox: Sandbox | None = None, *, adj: int = 0, moved_to: Sandbox | None = None
) -> Probe:
    """Starts a probe that holds so many bytes of anonymous memory, born in a sandbox, or moved there before it asks for them.

    One that is to be confined by a cpuset has to be moved: 5.10 leaves a process that is born there, by
    CLONE_INTO_CGROUP, the nodes of its parent (42a11bf5c543, v6.3, mends it; 6.1's stable series has that too).
    """
    probe = lab.probe(name, sandbox)
    if adj:
        adjust(lab, probe, adj)
    if moved_to:
        moved_to.set("cgroup.procs", str(probe.pid))
    if size:
        probe.map(size, flags=POPULATE)  # without swap the content does not matter, and the kernel is faster
    return probe


def keep_free_pages_together(lab: Lab) -> None:
    """Lets a processor keep a batch of free pages to itself at most.

    Since v6.7 it may be an eighth of a zone (commit 51a755c56dc0), and an OOM killer that finds nothing to reclaim does
    not wait for them: it comes some hundred pages earlier or later (measured on 7.2). Older kernels keep little.
    """
    fraction = "/proc/sys/vm/percpu_pagelist_high_fraction"
    if lab.find(fraction) is not None:
        lab.write(fraction, "1000")


def exhaust(lab: Lab, take: Callable[[int, int], object], most: int, step: int = MIB // 4) -> None:
    """Takes memory step by step, take(start, bytes), until something is killed; `most` bytes in all.

    It never asks for more than one step above what there is, so what is killed first makes room for it."""
    before = lab.counter("vmstat:oom_kill")
    for start in range(0, most, step):
        take(start, step)
        if lab.counter("vmstat:oom_kill") > before:
            return
    lab.require(False, f"an OOM kill before {most} bytes were filled")


def exhaust_group(lab: Lab, box: Sandbox, asking: Probe, limit: int) -> None:
    """Lets a probe fill memory up to its group's limit in bytes, the last 2 MiB step by step."""
    left = limit - int(box.read("memory.current") or 0)
    lab.require(left > 0, f"room in {box.name} below its limit")
    if left > 2 * MIB:
        asking.map(left - 2 * MIB, flags=POPULATE)
    memory = asking.map(10 * MIB)
    exhaust(lab, lambda start, length: memory.part(start, length).fill(), memory.length)


def exhaust_machine(lab: Lab, asking: Probe) -> None:
    """Lets a probe fill memory up to the end of the machine's, the last 32 MiB that seem available in steps of 1 MiB."""
    asking.map(_seems_available(lab), flags=POPULATE)
    memory = asking.map(96 * MIB)
    exhaust(lab, lambda start, length: memory.part(start, length).fill(), memory.length, MIB)


def exhaust_by_file(lab: Lab, asking: Probe, path: str) -> None:
    """Lets a probe fill a tmpfs file, by write(), up to the end of the machine's memory: it stays as small as it is."""
    descriptor, left = asking.create_file(path, 0), _seems_available(lab)
    asking.write(descriptor, left)
    exhaust(lab, lambda start, length: asking.attempt.write(descriptor, length, left + start), 96 * MIB, MIB)


def _seems_available(lab: Lab) -> int:
    left = lab.counter("meminfo:MemAvailable") + lab.counter("meminfo:SwapFree") - 32 * MIB
    return max(left, MIB) // lab.page_size * lab.page_size


def exhaust_node(lab: Lab, asking: Probe, node: int, bind: bool = False) -> None:
    """Lets a probe fill memory up to the end of a NUMA node's. bind: by policy, else it is confined to that already."""
    rows = dict(line.split(":", 1) for line in lab.read(f"/sys/devices/system/node/node{node}/meminfo").splitlines())
    left = max(int(rows[f"Node {node} MemFree"].split()[0]) * KIB - 16 * MIB, MIB)
    memory = asking.map(left + 64 * MIB)
    if bind:
        asking.mbind(memory.address, memory.length, MPOL_BIND, 1 << node)
    memory.part(0, left).fill()
    exhaust(lab, lambda start, length: memory.part(left + start, length).fill(), 64 * MIB, MIB)


def outgrow(lab: Lab, box: Sandbox, probe: Probe, size: int, room: int, choices: int) -> dict[str, int]:
    """Lets a group's only process fill more than the group's limit until it is killed, or until the kernel has looked
    for a victim so many times: then the limit is raised to `room` bytes. The group's memory.events just before that."""
    memory = probe.map(size)
    pending = probe.begin.fill(memory.address, memory.length)

    def events() -> dict[str, int]:
        return keyed((box.read("memory.events") or "").encode())

    while not pending.done and events()["oom"] < choices:
        lab.hand.sleep(10_000_000)
    found = events()
    box.set("memory.max", str(room))
    pending.wait()
    return found


def _victims(log: str) -> list[Victim]:
    """Lists the kills of a log. Its parser is loaded only where there is a log: a catalogue needs none of its patterns."""
    from harness.linux.oom_report import victims

    return victims(log)


class Witness:
    """Keeps, for each OOM, the kernel's log of it and how the probes fare: the records that the quantities below read.

    A record: {"log": text, "pids": {probe: pid}, "ended": {probe: wait status}, "events": {sandbox: its memory.events}}.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._seen = -1
        self._news()

    def _news(self) -> str:
        lines = [line for line in self.lab.kernel_log().splitlines() if line[:1].isdigit()]
        new = [line for line in lines if int(line.split(",")[1]) > self._seen]
        if new:
            self._seen = int(new[-1].split(",")[1])
        return "\n".join(new)

    def record(self, name: str, *probes: Probe) -> None:
        """Records what has been logged since the last time, and memory.events of each sandbox that there is. Waits for
        the end of the probes that were killed."""
        log = self._news()
        dead = {victim.pid for victim in _victims(log)}
        for probe in probes:
            if probe.pid in dead:
                probe.agent.wait_exit(probe.number)
        events = {box.name: keyed(text.encode()) for box in self.lab.sandboxes if (text := box.read("memory.events"))}
        self.lab.record(
            name,
            {
                "log": log,
                "pids": {probe.name: probe.pid for probe in probes},
                "ended": {probe.name: probe.status() for probe in probes},
                "events": events,
            },
        )


def killed(record: dict[str, Any], asked: str | None = None) -> list[str]:
    """Names the processes that were killed in a recorded OOM, in order: its probes, and others by their pids.

    The log may begin with the kills of groups that the record is not about: a memory cgroup's victim that is none of its
    probes belongs to another OOM. Raises ValueError if log and wait status disagree about one of its probes; with `asked`,
    about that one or the first that was killed: of the others one may have been killed between the two readings.
    """
    names = {pid: name for name, pid in record["pids"].items()}
    own = [victim for victim in _victims(record["log"]) if victim.pid in names or not victim.memcg]
    order = [names.get(victim.pid, f"pid {victim.pid}") for victim in own]
    for name, status in record["ended"].items():
        if asked is not None and name not in {asked, *order[:1]}:
            continue
        by_signal = status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == 9
        if by_signal != (name in order):
            raise ValueError(f"{name} ended with {status}, the log says that {order} were killed")
    return order


@dataclass(frozen=True)
class IsVictim(Still):
    """1 if the first that was killed in a recorded OOM is the probe, 0 if another one is (or none).

    The first one is the choice: what is killed after it depends on how fast its memory comes back.
    """

    PICTURE: ClassVar[str] = picture.CANDIDATES
    record: str
    probe: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        record = recording.records.get(self.record)
        if record is None or self.probe not in record["pids"]:
            return None
        try:
            return int(killed(record, self.probe)[:1] == [self.probe])
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

    PICTURE: ClassVar[str] = picture.CANDIDATES
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
        return None if record is None else len(_victims(record["log"]))

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
        found = _victims(record["log"]) if record else []
        return found[0].sizes.get(self.field) if found else None

    @property
    def name(self) -> str:
        return f"{self.field} in the report of “{self.record}”"

    @property
    def unit(self) -> str:
        return "KiB"


def rows(record: str, which: Callable[..., bool], title: str, units: str = "values") -> Derived:
    """Counts the rows of a recorded list that `which` picks by their columns; None if it was not recorded."""
    return Derived(
        title,
        lambda recording: sum(bool(which(*row)) for row in recording.records[record]) if record in recording.records else None,
        units,
    )
