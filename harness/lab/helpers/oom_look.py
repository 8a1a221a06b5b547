"""What the OOM killer looks at: the processes it asks for their points, and the machine's memory as its report shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from harness.claims.quantities import Derived, Still
from harness.evidence.recording import Number, Recording
from harness.lab import tracing
from harness.lab.lab import Lab
from harness.linux import trace_events
from harness.linux.btf import Types

if TYPE_CHECKING:
    from harness.lab.sandbox import Sandbox

BTF = "/sys/kernel/btf/vmlinux"
EVENTS = ("kprobes:oom_begins", "kprobes:oom_looks", "oom:mark_victim")
KTHREAD = 0x200000  # include/linux/sched.h, PF_KTHREAD
SYSRQ = "/proc/sysrq-trigger"


def watch_looks(lab: Lab) -> None:
    """Makes the events: `oom_begins` when an OOM is dealt with, `oom_looks` with the process that is asked for its points
    (mm/oom_kill.c, oom_badness; 5.10's compiler has split it, and the choice of a victim calls the part). Skips where they can't
    be made."""
    place = Types(lab.read_bytes(BTF)).offset("task_struct", "pid")
    if place is None:
        lab.skip("this kernel's BTF has no struct task_struct as we know it")
    tracing.at(lab.hand, "oom_begins", "out_of_memory")
    tracing.at(lab.hand, "oom_looks", "oom_badness.part.0|oom_badness", f"looked=+{place}({lab.architecture.arguments[0]}):s32")


def processes(lab: Lab, box: Sandbox | None = None) -> list[int]:
    """Lists the pids of a group's processes, or of all but init and kernel threads."""
    if box:
        return [int(pid) for pid in (box.read("cgroup.procs") or "").split()]
    names = lab.hand.list("/proc").text.decode().split("\0")
    stats = ((int(name), lab.find(f"/proc/{name}/stat")) for name in names if name.isdigit())
    return [pid for pid, stat in stats if pid != 1 and stat and not int(stat.rpartition(")")[2].split()[6]) & KTHREAD]


def not_once(trace: str, pids: str, title: str) -> Derived:
    """Counts, in the first OOM of a trace, the processes of a recorded list that were not looked at exactly once, and the
    others that were looked at."""

    def read(recording: Recording) -> int | None:
        found, wanted = trace_events.events(recording, trace), recording.records.get(pids)
        if found is None or wanted is None or not any(event.name == "mark_victim" for event in found):
            return None
        before = list(takewhile(lambda event: event.name != "mark_victim", found))
        begun = max((place for place, event in enumerate(before) if event.name == "oom_begins"), default=0)
        looked = [event.number("looked") for event in before[begun:] if event.name == "oom_looks"]
        return sum(looked.count(pid) != 1 for pid in wanted) + len(set(looked) - set(wanted))

    return Derived(title, read, "processes")


def show_memory(lab: Lab) -> None:
    """Has the kernel log what it logs of memory in an OOM, without one (Documentation/admin-guide/sysrq.rst, “m”)."""
    lab.write(SYSRQ, "m")


@dataclass(frozen=True)
class Shown(Still):
    """The sum of some numbers of pages in the first account of the machine's memory in a recorded log (a Witness's record):
    "active_file", "inactive_file", "free swap".
    """

    record: str
    fields: tuple[str, ...]
    title: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        record = recording.records.get(self.record)
        log = record["log"].partition("Mem-Info")[2] if record else ""
        found = [self._number(log, field, recording.page_size) for field in self.fields]
        return None if None in found else sum(number for number in found if number is not None)

    @staticmethod
    def _number(log: str, field: str, page_size: int) -> int | None:
        if field == "free swap":
            kib = re.search(r"Free swap\s*= *(\d+)kB", log)
            return int(kib[1]) * 1024 // page_size if kib else None
        pages = re.search(rf"\b{field}:(\d+)\b(?!kB)", log)
        return int(pages[1]) if pages else None

    @property
    def name(self) -> str:
        return self.title
