"""How many processes does one OOM of a memory cgroup kill?

Fifty times in a trial a new group of 24 MiB without swap holds processes of 12, 5 and 4 MiB, and a fourth, which is no
candidate, asks for 8 MiB: more than is left, and less than the largest leaves behind. When it has them, the processes that were
killed are counted by their wait statuses. Groups with one candidate, and groups of two and of three candidates that an OOM
kills as a whole (memory.oom.group), are the references, as many of each.
"""

import os
import signal
from collections.abc import Callable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, RATE, REFUTED, Claim, Derived, Events, Every, Exactly, Expect, Experiment, Guard, Known, Needs, Never,
    NotEvery, Once, Recording,
)
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import NEVER, occupy

LIMIT, ASKED, OOMS = 24 * MIB, 8 * MIB, 50
LARGE, MIDDLE, SMALL = 12 * MIB, 5 * MIB, 4 * MIB
# Kind of group → what its candidates hold; those of the last two die together.
ASKED_OF = "three candidates"
GROUPS = {ASKED_OF: (LARGE, MIDDLE, SMALL), "alone": (LARGE + MIDDLE + SMALL,), "two together": (LARGE, MIDDLE + SMALL),
          "three together": (LARGE, MIDDLE, SMALL)}
TOGETHER = ("two together", "three together")
PAUSE = 20_000_000      # ns

ONE = Claim(
    "memcg-oom-kills-one", "An OOM of a group kills exactly one process (a rate: at least 50 OOMs per trial; the report prints "
    "how many killed one, two or more, with a 95 % interval; confirmed only if all killed one).", OUT_OF_MEMORY, kind=RATE,
    known=(Known(CONFIRMED, "mm/mmap.c, exit_mmap (v5.10): a victim's memory is reaped, and so freed (mm/oom_kill.c, "
                            "__oom_reap_task_mm), before MMF_OOM_SKIP lets the next victim be chosen", until="5.11"),
           Known(REFUTED, "mm/mmap.c, exit_mmap (v6.1 to v7.2): MMF_OOM_SKIP is set when a victim's pages are unmapped, but up "
                          "to 10,000 of them are only gathered then (mm/mmu_gather.c, tlb_next_batch) and freed by "
                          "tlb_finish_mmu. The task that asks and runs in between finds the group full and no victim in its way "
                          "(mm/oom_kill.c, oom_evaluate_task): it kills again (measured: on 6.12 1 of 50 OOMs killed "
                          "two, on 7.2 14 two and 1 three)", since="6.1")),
    instead="Be ready for a second victim, and count oom_kill in memory.events. Where one process is of no use without the "
            "others, set memory.oom.group to 1.",
    discovery="One shortage, two victims. The kill is over for the OOM killer once the victim's pages are unmapped, and before "
              "they are free: mm/mmap.c, exit_mmap (v6.1 to v7.2) sets MMF_OOM_SKIP, and only then mm/mmu_gather.c, "
              "tlb_finish_mmu frees what was gathered. Who asks in between finds the group as full as before and nobody dying.")


def procedure(lab: Lab) -> None:
    lab.sample("start")
    for kind, sizes in GROUPS.items():
        lab.record(kind, [outgrow(lab, f"{kind} {number}", sizes, kind in TOGETHER) for number in range(OOMS)])
    lab.sample("end")


def outgrow(lab: Lab, name: str, sizes: tuple[int, ...], together: bool) -> list[int]:
    """Brings about one OOM: how many processes were killed, and how many memory.events says it killed."""
    with lab.sandbox(name.replace(" ", "-"), memory_max=LIMIT, memory_swap_max=0) as box:
        box.set("memory.oom.group", str(int(together)))
        members = [occupy(lab, f"{name}: {number}", size, box) for number, size in enumerate(sizes)]
        asking = occupy(lab, f"{name}: asking", 0, box, adj=NEVER)
        asking.map(ASKED).fill()
        told = box.events("oom_kill")
        lab.hand.sleep(PAUSE)           # who was told to die has died by then
        return [sum(killed(one) for one in members), told]


def killed(probe: Probe) -> bool:
    status = probe.status()
    return status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def ooms(kind: str, what: str, so: Callable[[int], bool]) -> Events:
    def happened(recording: Recording) -> list[bool] | None:
        found = recording.records.get(kind)
        return None if found is None else [so(count) for count, _ in found]
    return Events(f"OOMs that killed {what} ({kind})", happened, OOMS, "OOMs")


def one(kind: str) -> Events:
    return ooms(kind, "exactly one process", lambda count: count == 1)


def two(kind: str) -> Events:
    return ooms(kind, "two", lambda count: count == 2)


def more(kind: str) -> Events:
    return ooms(kind, "more than two", lambda count: count > 2)


def none(recording: Recording) -> int | None:
    """OOMs of the groups that are asked about in which nothing was killed, or another number than memory.events has."""
    found = recording.records.get(ASKED_OF)
    return None if found is None else sum(not count or count != told for count, told in found)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=256 * MIB, throwaway=True),
    rate=0,
    deadline=600,                   # 200 OOM kills and more: 170 s of an emulated arm64 processor
    guards=(Guard(Derived("OOMs without a kill, or with other numbers in memory.events", none, "OOMs"), Exactly(0),
                  "each is an OOM, and all who are killed are counted"),),
    expects=(
        Expect(ONE, one(ASKED_OF), if_true=Every("“exactly one”, every time"), if_false=NotEvery("one other OOM is enough"),
               reads_true=one("alone"), reads_false=one("two together"), says="{value} killed exactly one process."),
        Expect(ONE, two(ASKED_OF), if_true=Never("“exactly one”, every time"), if_false=Once("one such OOM is enough"),
               reads_true=two("alone"), reads_false=two("two together"), says="{value} killed two."),
        Expect(ONE, more(ASKED_OF), if_true=Never("“exactly one”, every time"), if_false=Once("one such OOM is enough"),
               reads_true=more("alone"), reads_false=more("three together"), says="{value} killed more than two."),
    ),
)
