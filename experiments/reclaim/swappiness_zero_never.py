"""At swappiness 0, does reclaim never swap, whatever the shortage?

At swappiness 0 a guest holds idle anonymous memory, and another process fills more than the machine has, until
reclaim swaps or the OOM killer ends it. Pages swapped out are counted in that stretch, in a quiet one before it, and
when memory is paged out on demand.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity,
    Settings,
)
from harness.lab import PAGEOUT, Lab

RAM, IDLE, DEMAND = 256 * MIB, 32 * MIB, 256 * MIB
MOMENTS = ("start", "idle", "short", "filled", "paged out")

NEVER = Claim(
    "swappiness-0-never-swaps", "With swappiness 0 reclaim never swaps, whatever the shortage and the watermarks.",
    RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, isolate_folios: anonymous memory is out of the question at swappiness 0; the "
                            "shortage ends in an OOM kill (v6.1, v6.12); get_type_to_scan and for_each_evictable_type "
                            "(since v6.14)", settings={"lru": "mglru"}),
           Known(REFUTED, "mm/vmscan.c, get_scan_count: once free plus file pages are below the high watermark "
                          "(file_is_tiny) only anonymous memory is scanned (v5.10, v6.12)",
                 settings={"lru": "classic"})))


def procedure(lab: Lab) -> None:
    lab.swapon()
    probe = lab.probe()
    lab.sample("start")
    probe.map(IDLE).fill()
    lab.sample("idle")
    eater = lab.probe("eater")
    lab.write(f"/proc/{eater.pid}/oom_score_adj", "1000")
    memory = eater.map(DEMAND)
    eater.attempt.fill(memory.address, memory.length)
    lab.sample("short")
    eater.kill_now()
    pushed = probe.map(IDLE // 4).fill()
    lab.drain_lru()
    lab.sample("filled")
    probe.madvise(pushed.address, pushed.length, PAGEOUT)
    lab.sample("paged out")


def swapped(until: str, when: str) -> Quantity:
    return Change("vmstat:pswpout", MOMENTS[MOMENTS.index(until) - 1], until).called(f"pages swapped out {when}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, changes=("swap", "sysctl"), throwaway=True),
    settings=Settings(swappiness=0, overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    guards=(Guard(Change("vmstat:pswpout", "idle", "short") + Change("vmstat:oom_kill", "idle", "short"), AtLeast(1),
                  "the shortage ended one way or the other: in swapping, or in an OOM kill"),),
    expects=(Expect(
        NEVER, swapped("short", "in the shortage"),
        if_true=Exactly(0, "“never”"), if_false=AtLeast(1, "one page is enough"),
        reads_true=swapped("idle", "without any shortage"), reads_false=swapped("paged out", "by MADV_PAGEOUT"),
        says="In the shortage {value} pages were swapped out."),),
)
