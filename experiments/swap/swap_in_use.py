"""Does swap in use show that memory is short now, and does what is in swap come back by itself?

An idle process holds 96 MiB of a guest of 512 MiB, and another fills more than is left, so that both are partly in swap. While
that lasts, and 10 s after the other has ended, a third takes an eighth of RAM: pages that reclaim has to scan for it tell whether
memory is short. The page table of the idle process tells which of its pages are in swap: while it lasts, at its end, 10 s later,
and once the process has read them all.
"""

from experiments.sections import SWAP
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Besides, Change, Claim, Counter, Disk, Exactly, Expect, Experiment, Guard, Known, Needs, Pages,
    Quantity, pages,
)
from harness.lab import Lab
from harness.lab.helpers.oom import occupy

HELD, OVER, LEFT, SHARE, SETTLED = 96 * MIB, 96 * MIB, 16 * MIB, 8, 10_000_000_000      # SHARE: a part of RAM; ns
LASTS, ENDED, LATER, READ = "while it lasts", "at its end", "10 s later", "once it has read all"

SHORT = Claim(
    "swap-used-means-short-now", "Swap in use shows that memory is short now.", SWAP,
    known=(Known(REFUTED, "mm/memory.c, do_swap_page and zap_pte_range: a place in swap is given back by a fault that writes (by "
                          "one that reads where swap is half full, or as fast as zram) and by unmapping, as at the end of a "
                          "process, not because memory is free again (v5.10 to v7.2)"),),
    instead="Watch what happens now: pswpin and pswpout of /proc/vmstat, memory pressure (PSI) or MemAvailable. Swap in use "
            "tells of a shortage that may be long over.")
BACK = Claim(
    "swap-comes-back-by-itself", "Once memory is free again the kernel brings swapped pages back by itself.", SWAP,
    known=(Known(REFUTED, "mm/memory.c, do_swap_page: a fault brings a page back, with neighbours that are read ahead; so do "
                          "swapoff, madvise's WILLNEED and khugepaged; free memory is no reason for any (v5.10 to v7.2)"),),
    instead="Touch the pages, or empty swap by swapoff and swapon, if they are to be in memory before they are needed: they stay "
            "in swap until somebody asks for them.")


def procedure(lab: Lab) -> None:
    lab.swapon()
    idle = {"idle": lab.probe("idle").map(HELD).fill()}
    take(lab, "before")
    large = lab.probe("large")
    large.map((lab.counter("meminfo:MemAvailable") + OVER) // lab.page_size * lab.page_size).fill()
    lab.sample("squeezed", idle)
    lab.sleep(SETTLED)
    lab.sample(LASTS, idle)
    take(lab, "short")
    large.kill_now()
    lab.sample(ENDED, idle)
    lab.sleep(SETTLED)
    lab.sample(LATER, idle)
    take(lab, "over")
    idle["idle"].read()
    lab.sample(READ, idle)


def take(lab: Lab, name: str) -> None:
    """Samples before and after a process fills an eighth of RAM."""
    lab.sample(f"{name}: not taken")
    probe = occupy(lab, f"{name} taker", lab.memory // SHARE // lab.page_size * lab.page_size)
    lab.sample(f"{name}: taken")
    probe.kill_now()


def scanned(name: str, words: str) -> Quantity:
    by = [Change(f"vmstat:pgscan_{who}", f"{name}: not taken", f"{name}: taken") for who in ("kswapd", "direct")]
    return (by[0] + by[1]).called(f"pages scanned while an eighth of RAM was taken {words}")


def back(since: str, until: str) -> Quantity:
    return (Pages(since, "idle", "swapped") - Pages(until, "idle", "swapped")).called(f"pages that came back, {until}")


def in_use() -> Quantity:
    return Counter("meminfo:SwapTotal", LATER) - Counter("meminfo:SwapFree", LATER)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=512 * MIB, disks=(Disk("swap", "swap", 512 * MIB),), changes=("swap",), throwaway=True),
    guards=(Guard(in_use(), AtLeast(pages(LEFT)), "there must be swap in use when it is asked whether memory is short"),
            Guard(Pages(ENDED, "idle", "swapped"), AtLeast(pages(LEFT)), "without pages in swap none can come back")),
    expects=(
        Expect(SHORT, scanned("over", "10 s after the squeeze"), if_true=AtLeast(1, "there was not enough free"),
               if_false=Exactly(0, "free memory was enough: nothing had to give way"),
               reads_true=scanned("short", "during it"), reads_false=scanned("before", "before it"),
               says="10 s after the squeeze {value} pages were scanned while a process took an eighth of RAM."),
        Expect(BACK, back(ENDED, LATER), if_true=AtLeast(1, "a page is enough"),
               if_false=AtMost(0, "not one; where memory is short more may go out"),
               reads_true=back(ENDED, READ), reads_false=back("squeezed", LASTS),
               says="In 10 s of free memory {value} pages came back."),
    ),
    besides=(Besides(SHORT, in_use(), AtLeast(1), "{value} pages of swap were in use then."),
             Besides(BACK, Pages(ENDED, "idle", "swapped"), AtLeast(1), "{value} of the process's pages were in swap.")),
    version=2,
)
