"""At swappiness 0, does reclaim never swap, whatever the shortage and the watermarks?

At swappiness 0 a guest holds idle anonymous memory, and another process fills more than the machine has, until
reclaim swaps or the OOM killer ends it; once with the watermarks that the kernel sets itself, once with those of a
min_free_kbytes of 45,056. Pages swapped out are counted in that stretch; before it, at swappiness 60, in the shortage
of a group that may not swap (memory.swap.max 0); and afterwards, when memory is paged out on demand.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Besides, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity,
    Settings,
)
from harness.lab import PAGEOUT, Lab, Sandbox

RAM, IDLE, DEMAND, GROUP = 256 * MIB, 32 * MIB, 256 * MIB, 24 * MIB
MOMENTS = ("start", "short in a group", "idle", "short", "filled", "paged out")
OWN, RAISED = "own watermarks", "min_free_kbytes 45056"

NEVER = Claim(
    "swappiness-0-never-swaps", "With swappiness 0 reclaim for want of memory never swaps, whatever the shortage and the "
    "watermarks (min_free_kbytes as the kernel sets it, and 45,056).",
    RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, isolate_folios: anonymous memory is out of the question at swappiness 0; the "
                            "shortage ends in an OOM kill (v6.1, v6.12); get_type_to_scan and for_each_evictable_type "
                            "(since v6.14)", settings={"lru": "mglru"}),
           Known(REFUTED, "mm/vmscan.c, get_scan_count: once free plus file pages are below the high watermark "
                          "(file_is_tiny) only anonymous memory is scanned (v5.10, v6.12)",
                 settings={"lru": "classic"})),
    instead="To forbid swapping, run without swap, set memory.swap.max to 0, or lock memory with mlock(). With the classic lists "
            "swappiness 0 means last of all when the machine runs short (never, at a group's limit); with MGLRU the OOM killer "
            "comes instead. MADV_PAGEOUT swaps at 0 too.",
    discovery="The same setting means two things. With the classic lists anonymous memory is swapped at swappiness 0 as soon as "
              "free and file pages together are below the high watermark: mm/vmscan.c, get_scan_count (v5.10, v6.12). MGLRU has "
              "no such exception: mm/vmscan.c, isolate_folios (v6.1, v6.12) leaves it alone, and the OOM killer comes while swap "
              "is empty.")


def procedure(lab: Lab) -> None:
    if lab.arm == RAISED:
        lab.sysctl("vm.min_free_kbytes", 45_056)
    lab.swapon()
    lab.sysctl("vm.swappiness", 60)
    lab.sample("start")
    outgrow(lab, "member", lab.sandbox(memory_max=GROUP, memory_swap_max=0), 2 * GROUP)
    lab.sample("short in a group")
    lab.sysctl("vm.swappiness", 0)
    probe = lab.probe()
    probe.map(IDLE).fill()
    lab.sample("idle")
    outgrow(lab, "eater", None, DEMAND)
    lab.sample("short")
    pushed = probe.map(IDLE // 4).fill()
    lab.drain_lru()
    lab.sample("filled")
    probe.madvise(pushed.address, pushed.length, PAGEOUT)
    lab.sample("paged out")


def outgrow(lab: Lab, name: str, box: Sandbox | None, demand: int) -> None:
    """A process that an OOM killer takes first fills so many bytes, or dies of it."""
    probe = lab.probe(name, box)
    probe.fill_until_killed(demand, demand)
    probe.kill_now()


def swapped(arm: str, until: str, when: str) -> Quantity:
    return Change("vmstat:pswpout", MOMENTS[MOMENTS.index(until) - 1], until, arm).called(f"pages swapped out {when} ({arm})")


def kills(arm: str, since: str, until: str) -> Quantity:
    return Change("vmstat:oom_kill", since, until, arm)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, changes=("swap", "sysctl"), throwaway=True),
    settings=Settings(swappiness=0, overcommit=1),
    writes=("min_free_kbytes", "swappiness"),
    arms=(OWN, RAISED),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    guards=tuple(guard for arm in (OWN, RAISED) for guard in (
        Guard(Change("vmstat:pswpout", "idle", "short", arm) + kills(arm, "idle", "short"), AtLeast(1),
              "the shortage ended one way or the other: in swapping, or in an OOM kill"),
        Guard(kills(arm, "start", "short in a group"), AtLeast(1), "the group is short, and nothing else helps it"))),
    expects=tuple(Expect(
        NEVER, swapped(arm, "short", "in the shortage"),
        if_true=Exactly(0, "“never”"), if_false=AtLeast(1, "one page is enough"),
        reads_true=swapped(arm, "short in a group", "in the shortage of a group that may not swap"),
        reads_false=swapped(arm, "paged out", "by MADV_PAGEOUT"),
        says=f"With {arm} {{value}} pages were swapped out in the shortage.") for arm in (OWN, RAISED)),
    besides=tuple(Besides(
        NEVER, kills(arm, "idle", "short"), AtLeast(1),
        f"With {arm}, and with swap free, the OOM killer struck instead: {{value}} processes were killed in that shortage.")
        for arm in (OWN, RAISED)),
    version=2,
)
