"""A process's files of the OOM killer: oom_score, oom_score_adj and oom_adj, written, read and counted by a procedure.

proc(5); fs/proc/base.c, proc_oom_score, oom_adj_write and oom_score_adj_write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.linux.sizes import KIB
from harness.procedure import Lab, Probe

_AT_ONCE = 40  # writes that are under way together: a round trip of its own for each takes three times as long


def adjust(lab: Lab, probe: Probe, value: int, file: str = "oom_score_adj") -> int:
    """Writes a process's oom_score_adj (or oom_adj): errno, 0 if it was taken."""
    return lab.hand.attempt.put(f"/proc/{probe.pid}/{file}", str(value)).error


def number(lab: Lab, probe: Probe, file: str = "oom_score") -> int:
    """What one of a process's files says that holds a number."""
    return int(lab.read(f"/proc/{probe.pid}/{file}"))


def write_each(
    lab: Lab,
    probe: Probe,
    file: str,
    values: Iterable[int | str],
    *reads: tuple[Probe, str],
) -> list[list[int | str]]:
    """Writes each value to a process's file and then reads others: a list of value, errno, the numbers read."""
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
    """Writes the oom_score_adj with which a process's oom_score comes nearest to a number: the score it has then."""
    low, high = -999, 1000
    while low < high:
        middle = (low + high) // 2
        adjust(lab, probe, middle)
        low, high = (middle + 1, high) if number(lab, probe) < score else (low, middle)
    adjust(lab, probe, low)
    return number(lab, probe)


def used(lab: Lab, probe: Probe) -> int:
    """What oom_badness counts: resident memory, swap and page tables, bytes (/proc/PID/status)."""
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
