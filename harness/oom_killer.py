"""How a procedure brings about an OOM: processes that hold memory, one that asks for the rest, and a witness."""

from __future__ import annotations

from harness import oom
from harness.counters import keyed
from harness.needs import KIB, MIB
from harness.operations import MPOL_BIND, POPULATE
from harness.procedure import Lab, Probe, Sandbox

NEVER = -1000       # oom_score_adj of the process that asks: it is no candidate, so the others' sizes stay as they are


def adjust(lab: Lab, probe: Probe, value: int, file: str = "oom_score_adj") -> int:
    """Writes a process's oom_score_adj (or oom_adj): errno, 0 if it was taken."""
    return lab.hand.attempt.put(f"/proc/{probe.pid}/{file}", str(value)).error


def number(lab: Lab, probe: Probe, file: str = "oom_score") -> int:
    """What one of a process's files says that holds a number."""
    return int(lab.read(f"/proc/{probe.pid}/{file}"))


def occupy(lab: Lab, name: str, size: int, sandbox: Sandbox | None = None, *, adj: int = 0) -> Probe:
    """A probe that holds so many bytes of anonymous memory."""
    probe = lab.probe(name, sandbox)
    if adj:
        adjust(lab, probe, adj)
    if size:
        probe.map(size, flags=POPULATE)     # without swap the content does not matter, and the kernel is faster
    return probe


def exhaust(lab: Lab, probe: Probe, most: int, at_once: int = 0, step: int = MIB // 4, node: int | None = None) -> None:
    """Lets a probe fill memory, `at_once` bytes and then step by step, until something is killed; `most` bytes in all.

    It never asks for more than one step above what there is, so what is killed first makes room for it. node: the
    memory is bound to this one by policy (mbind(2), MPOL_BIND)."""
    before = lab.counter("vmstat:oom_kill")
    filled = max(at_once, 0) // lab.page_size * lab.page_size
    if node is None and filled:
        probe.map(filled, flags=POPULATE)
        most, filled = most - filled, 0
    memory = probe.map(most)
    if node is not None:
        probe.mbind(memory.address, most, MPOL_BIND, 1 << node)
        memory.part(0, filled).fill()
    for at in range(filled, most - step, step):
        memory.part(at, step).fill()
        if lab.counter("vmstat:oom_kill") > before:
            return
    lab.require(False, f"an OOM kill before {most} bytes were filled")


def exhaust_group(lab: Lab, box: Sandbox, asking: Probe, limit: int) -> None:
    """The same up to a group's limit in bytes."""
    left = limit - int(box.read("memory.current") or 0)
    lab.require(left > 0, f"room in {box.name} below its limit")
    exhaust(lab, asking, left + 8 * MIB, left - 2 * MIB)


def exhaust_machine(lab: Lab, asking: Probe) -> None:
    """The same up to the end of the machine's memory, in steps of 1 MiB for the last 32 MiB that seem available."""
    left = lab.counter("meminfo:MemAvailable") + lab.counter("meminfo:SwapFree") - 32 * MIB
    exhaust(lab, asking, left + 96 * MIB, left, MIB)


def exhaust_node(lab: Lab, asking: Probe, node: int, bind: bool = False) -> None:
    """The same up to the end of a NUMA node's memory; `bind`: by policy, else the probe is confined to it already."""
    rows = dict(line.split(":", 1) for line in lab.read(f"/sys/devices/system/node/node{node}/meminfo").splitlines())
    left = int(rows[f"Node {node} MemFree"].split()[0]) * KIB - 16 * MIB
    exhaust(lab, asking, left + 48 * MIB, left, MIB, node if bind else None)


class Witness:
    """Keeps, for each OOM, the kernel's log of it and how the probes fare: the records that harness/oom.py reads."""

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
        dead = {victim.pid for victim in oom.victims(log)}
        for probe in probes:
            if probe.pid in dead:
                probe.agent.channel.wait_exit(probe.number, probe.agent.seconds)
        events = {box.name: keyed(text.encode()) for box in self.lab.sandboxes if (text := box.read("memory.events"))}
        self.lab.record(name, {"log": log, "pids": {probe.name: probe.pid for probe in probes},
                               "ended": {probe.name: probe.status() for probe in probes}, "events": events})
