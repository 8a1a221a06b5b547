"""How a procedure brings about an OOM: processes that hold memory, one that asks for the rest, and a witness."""

from __future__ import annotations

from collections.abc import Callable

from harness.agent.operations import MPOL_BIND, POPULATE
from harness.claims.quantities import Change, Quantity
from harness.lab.helpers.oom_score import adjust
from harness.linux import oom_log
from harness.linux.counters import keyed
from harness.linux.sizes import KIB, MIB
from harness.procedure import Lab, Probe, Sandbox

NEVER = -1000  # oom_score_adj of the process that asks: it is no candidate, so the others' sizes stay as they are


def kills(since: str, until: str) -> Quantity:
    """How many processes the OOM killer killed between two named moments, on the whole machine."""
    return Change("vmstat:oom_kill", since, until).called(f"OOM kills from “{since}” to “{until}”", "kills")


def occupy(
    lab: Lab, name: str, size: int, sandbox: Sandbox | None = None, *, adj: int = 0, moved_to: Sandbox | None = None
) -> Probe:
    """A probe that holds so many bytes of anonymous memory, born in a sandbox, or moved there before it asks for them.

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
    """A probe fills memory up to its group's limit in bytes, the last 2 MiB step by step."""
    left = limit - int(box.read("memory.current") or 0)
    lab.require(left > 0, f"room in {box.name} below its limit")
    if left > 2 * MIB:
        asking.map(left - 2 * MIB, flags=POPULATE)
    memory = asking.map(10 * MIB)
    exhaust(lab, lambda start, length: memory.part(start, length).fill(), memory.length)


def exhaust_machine(lab: Lab, asking: Probe) -> None:
    """The same up to the end of the machine's memory, the last 32 MiB that seem available in steps of 1 MiB."""
    asking.map(_seems_available(lab), flags=POPULATE)
    memory = asking.map(96 * MIB)
    exhaust(lab, lambda start, length: memory.part(start, length).fill(), memory.length, MIB)


def exhaust_by_file(lab: Lab, asking: Probe, path: str) -> None:
    """The same, but what is filled is a tmpfs file, by write(): the probe that asks stays as small as it is."""
    descriptor, left = asking.create_file(path, 0), _seems_available(lab)
    asking.write(descriptor, left)
    exhaust(lab, lambda start, length: asking.attempt.write(descriptor, length, left + start), 96 * MIB, MIB)


def _seems_available(lab: Lab) -> int:
    left = lab.counter("meminfo:MemAvailable") + lab.counter("meminfo:SwapFree") - 32 * MIB
    return max(left, MIB) // lab.page_size * lab.page_size


def exhaust_node(lab: Lab, asking: Probe, node: int, bind: bool = False) -> None:
    """The same up to the end of a NUMA node's memory; `bind`: by policy, else the probe is confined to it already."""
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


class Witness:
    """Keeps, for each OOM, the kernel's log of it and how the probes fare: the records that oom_quantities.py reads."""

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
        """What has been logged since the last time, and memory.events of each sandbox that there is. Waits for the end
        of the probes that were killed."""
        log = self._news()
        dead = {victim.pid for victim in oom_log.victims(log)}
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
