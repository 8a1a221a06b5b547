"""At swappiness 0, is cache freed and nothing swapped as long as there is cache?

At swappiness 0 a guest with swap and idle anonymous memory reads a file larger than its memory. A time series checks
that free plus file pages stay above the high watermarks, which is the claim's condition. Pages swapped out are counted
meanwhile; once more when the idle memory is paged out on demand; and when it is locked and the file is read again, at
the highest swappiness that the kernel takes.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Change, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity,
    Recording, Settings, counters, pages,
)
from harness.lab import PAGEOUT, Lab

RAM, IDLE, FILE = 256 * MIB, 32 * MIB, 256 * MIB

CACHE_FIRST = Claim(
    "swappiness-0-prefers-cache", "With swappiness 0, as long as free plus file pages exceed the high watermark, cache is "
    "freed and nothing is swapped.", RECLAIM,
    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, swappiness; mm/vmscan.c, get_scan_count and (MGLRU) "
                            "isolate_folios (v6.12)"),))


def procedure(lab: Lab) -> None:
    fd = lab.hand.open(lab.mount_disk() + "/file", os.O_RDWR | os.O_CREAT).value
    lab.hand.ftruncate(fd, FILE)        # a hole: its pages are cached and reclaimed as all clean pages are
    lab.sync()
    lab.swapon()
    probe = lab.probe()
    idle = probe.map(IDLE).fill()
    lab.sample("idle")
    lab.hand.read(fd, FILE)
    lab.drain_lru()
    lab.sample("cache read")
    probe.madvise(idle.address, idle.length, PAGEOUT)
    lab.sample("paged out")
    idle.lock()
    if lab.hand.attempt.put("/proc/sys/vm/swappiness", "200").error:
        lab.sysctl("vm.swappiness", 100)        # the highest before v5.8 (c843966c556d)
    lab.sample("locked")
    lab.hand.read(fd, FILE)
    lab.drain_lru()
    lab.sample("read beside locked memory")


def swapped(since: str, until: str, when: str) -> Quantity:
    return Change("vmstat:pswpout", since, until).called(f"pages swapped out {when}")


def margin(recording: Recording) -> int | None:
    """By how many pages, at the least, free and file pages exceeded the high watermarks while the file was read."""
    since, until = recording.samples.get("idle"), recording.samples.get("cache read")
    zones = recording.text("idle", "zoneinfo")
    if since is None or until is None or zones is None:
        return None
    high = sum(value for key, value in counters.zoneinfo(zones.encode()).items() if key.endswith(".high"))
    during = [counters.keyed(event["files"]["vmstat"].encode()) for event in recording.series
              if since["ended"] <= event["began"] <= until["began"]]
    return min((one["nr_free_pages"] + one["nr_active_file"] + one["nr_inactive_file"] - high for one in during),
               default=None)


def reclaimed(since: str, until: str) -> Quantity:
    return Change("vmstat:pgsteal_kswapd", since, until) + Change("vmstat:pgsteal_direct", since, until)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, changes=("mount", "swap", "sysctl"), throwaway=True),
    settings=Settings(swappiness=0),
    writes=("swappiness",),
    axes={"lru": ("classic", "mglru")},
    rate=50,
    guards=(Guard(Derived("least margin of free plus file pages over the high watermark", margin, "pages"), AtLeast(1),
                  "the claim's condition"),
            Guard(reclaimed("idle", "cache read"), AtLeast(pages(FILE - (RAM - IDLE))),
                  "cache is freed: at least what memory could not hold"),
            Guard(reclaimed("locked", "read beside locked memory"), AtLeast(pages(FILE - (RAM - IDLE))),
                  "as much is short beside locked memory")),
    expects=(Expect(
        CACHE_FIRST, swapped("idle", "cache read", "while cache was reclaimed"),
        if_true=Exactly(0, "“nothing is swapped”"), if_false=AtLeast(1, "one page is enough"),
        reads_true=swapped("locked", "read beside locked memory", "in the same shortage beside locked memory, swap preferred"),
        reads_false=swapped("cache read", "paged out", "by MADV_PAGEOUT"),
        says="While cache was reclaimed {value} pages were swapped out."),),
    version=2,
)
