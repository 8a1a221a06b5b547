"""What is left of cache and swap when the OOM killer first kills?

A guest of 256 MiB has 128 MiB of clean file pages and 64 MiB of swap. A process asks for anonymous memory until something
is killed, and the kernel's own report of that OOM tells how many file pages and how much of swap were left. The same account
is asked for before, when both are there, and afterwards, when caches were dropped and swap is off.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, DISK, MIB, AtLeast, AtMost, Claim, Counter, Disk, Expect, Experiment, Known, Needs, Quantity, Settings, pages,
)
from harness.lab import Lab
from harness.lab.helpers.oom import Witness, adjust
from harness.lab.helpers.oom_look import SYSRQ, Shown, show_memory

RAM, CACHE, SWAP, FIRST, PERCENT = 256 * MIB, 128 * MIB, 64 * MIB, 1000, 100

FAILED = Claim(
    "oom-only-when-reclaim-failed", "In a system-wide OOM by anonymous memory that may be swapped, where nothing is locked "
    "or protected, at the first kill less than 1 % of RAM is clean file pages and less than 1 % of swap is free.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/page_alloc.c, should_reclaim_retry: it tries again while what could be reclaimed would do, up to "
                            "16 times in a row without progress (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    swap = lab.swapon()
    witness, asking = Witness(lab), lab.probe("asking")
    adjust(lab, asking, FIRST)
    asking.close(asking.create_file(lab.mount_disk() + "/file", CACHE))
    lab.sync()
    lab.sample("before")
    show_memory(lab)
    witness.record("before")
    memory = asking.map(RAM + SWAP)
    asking.fill_until_end(memory, MIB)
    lab.require(not asking.alive, "it is killed")
    witness.record("kill", asking)
    lab.drop_caches(1)
    lab.hand.swapoff(swap)
    show_memory(lab)
    witness.record("after")


def file_pages(moment: str) -> Quantity:
    clean = Shown(moment, ("active_file", "inactive_file"), "") - Shown(moment, ("dirty",), "")
    return clean.called(f"clean file pages, {moment}")


def free_swap(moment: str) -> Quantity:
    return Shown(moment, ("free swap",), f"free pages of swap, {moment}")


def left(what: Quantity, share: Quantity, before: Quantity, after: Quantity, says: str) -> Expect:
    return Expect(FAILED, what, if_true=AtMost(share - 1, "less than 1 %"), if_false=AtLeast(share, "1 % or more"),
                  reads_true=after, reads_false=before, says=says)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=RAM, disks=(DISK, Disk("swap", "swap", SWAP)), files=(SYSRQ,), changes=("swap", "mount", "drop_caches"),
                throwaway=True),
    settings=Settings(overcommit=1),
    axes={"lru": ("classic", "mglru")},
    expects=(
        left(file_pages("kill"), Counter("meminfo:MemTotal", "before") // PERCENT, file_pages("before"), file_pages("after"),
             "At the first kill {value} clean file pages were left"),
        left(free_swap("kill"), pages(SWAP) // PERCENT, free_swap("before"), free_swap("after"), "and {value} pages of swap."),
    ),
)
