"""Who reclaims in a shortage: kswapd, or the processes that ask for memory?

In a guest of 256 MiB with swap a process fills 384 MiB as fast as it can. The kernel's own counts tell how many pages kswapd
took, and how many the process itself (direct reclaim). One that fills 32 MiB slowly, with a pause after each piece, while the
marks that wake kswapd are raised by a tenth of the memory (watermark_scale_factor), leaves kswapd the time for all of it; one
that goes before all others (nice -20) leaves it next to none.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    KIB, MIB, REFUTED, SWAP, AtLeast, AtMost, Change, Claim, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
    Settings,
)
from harness.lab import Lab, Region

RAM, FAST, SLOW, PIECE = 256 * MIB, 384 * MIB, 32 * MIB, 256 * KIB
PAUSE, SECOND, FIRST = 50_000_000, 1_000_000_000, -20       # ns; a nice value
TENTH = 1000        # of the memory, in ten-thousandths: the most that watermark_scale_factor takes

ONLY = Claim(
    "kswapd-only-reclaimer", "In a shortage that is not over in a second, at least 99 % of the pages reclaimed are reclaimed by "
    "kswapd, not by the processes that ask.", RECLAIM,
    known=(Known(REFUTED, "mm/page_alloc.c, __alloc_pages_slowpath: a request that finds less than the min mark reclaims itself, "
                          "however busy kswapd is (v5.10 to v7.2)"),),
    instead="Raise watermark_scale_factor, so that kswapd begins earlier, where processes must not reclaim themselves; "
            "allocstall and pgsteal_direct in /proc/vmstat tell how often they do.")


def procedure(lab: Lab) -> None:
    lab.swapon()
    for name, nice in (("fast", 0), ("first", FIRST)):
        probe = lab.probe(name)
        probe.nice(nice)
        memory = probe.map(FAST)
        lab.sample(f"{name}: before")
        done = memory.probe.fill(memory.address, memory.length)
        lab.sample(f"{name}: after")
        lab.record(f"{name}: ns", done.nanoseconds)
        if name == "first":
            slowly(lab, lab.probe("slow").map(SLOW))
        probe.kill_now()


def slowly(lab: Lab, memory: Region) -> None:
    """Fills memory piece by piece with a pause after each, while the machine is full and kswapd is woken early."""
    lab.sysctl("vm.watermark_scale_factor", TENTH)
    lab.sample("slow: before")
    for offset in range(0, memory.length, PIECE):
        memory.part(offset, PIECE).fill()
        lab.hand.sleep(PAUSE)
    lab.sample("slow: after")


def taken(name: str, by: str) -> Quantity:
    return Change(f"vmstat:pgsteal_{by}", f"{name}: before", f"{name}: after")


def kswapds(name: str, title: str) -> Quantity:
    return (taken(name, "kswapd") - taken(name, "direct") * 99).called(
        f"pages that kswapd took, less 99 for each that was taken directly, {title}", "pages")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(SWAP,), changes=("swap", "sysctl"), throwaway=True),
    settings=Settings(overcommit=1),
    writes=("watermark_scale_factor",),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    guards=(Guard(Recorded("fast: ns", "ns"), AtLeast(SECOND), "a shortage that is over in a second is not asked about"),
            *(Guard(taken(name, "kswapd") + taken(name, "direct"), AtLeast(1000), "what little was taken says little")
              for name in ("fast", "slow", "first"))),
    expects=(Expect(
        ONLY, kswapds("fast", "by a process that fills as fast as it can"), if_true=AtLeast(0, "99 % or more"),
        if_false=AtMost(-1, "less"), reads_true=kswapds("slow", "by one that pauses"),
        reads_false=kswapds("first", "by one at nice -20"),
        says="kswapd took {value} pages more than 99 for each that was taken directly."),),
    version=2,
)
