"""At swappiness 0, is cache freed and nothing swapped as long as there is cache?

At swappiness 0 a guest with swap and idle anonymous memory reads a file larger than its memory. A time series checks
that free plus file pages stay above the high watermarks, which is the claim's condition. Pages swapped out are counted
meanwhile; once more when the idle memory is paged out on demand; and when a group that may not swap reads the file beside
memory of its own, at the highest swappiness that the kernel takes.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Change, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
    Recording, Settings, counters, pages,
)
from harness.lab import PAGEOUT, Lab

RAM, IDLE, FILE, LIMIT = 256 * MIB, 32 * MIB, 256 * MIB, 96 * MIB
AT_LIMIT = "times that the group met its limit"

CACHE_FIRST = Claim(
    "swappiness-0-prefers-cache", "With swappiness 0, as long as free plus file pages exceed the high watermark, cache is "
    "freed and nothing is swapped.", RECLAIM,
    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, swappiness; mm/vmscan.c, get_scan_count and (MGLRU) "
                            "isolate_folios (v6.12)"),))


def procedure(lab: Lab) -> None:
    path = lab.mount_disk() + "/file"
    fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT).value
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
    lab.drop_caches(1)      # there is room for the group: nobody else is short
    box = lab.sandbox(memory_max=LIMIT, memory_swap_max=0)
    reader = lab.probe("reader", box)
    reader.map(IDLE).fill()
    again = reader.open(path).value
    if lab.hand.attempt.put("/proc/sys/vm/swappiness", "200").error:
        lab.sysctl("vm.swappiness", 100)        # the highest before v5.8 (c843966c556d)
    lab.sample("may not swap")
    reader.read(again, FILE)
    lab.sample("read by the group")
    lab.record(AT_LIMIT, box.events("max"))


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


RECLAIMED = Change("vmstat:pgsteal_kswapd", "idle", "cache read") + Change("vmstat:pgsteal_direct", "idle", "cache read")
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, changes=("mount", "swap", "sysctl"), throwaway=True),
    settings=Settings(swappiness=0),
    writes=("swappiness",),
    axes={"lru": ("classic", "mglru")},
    rate=50,
    guards=(Guard(Derived("least margin of free plus file pages over the high watermark", margin, "pages"), AtLeast(1),
                  "the claim's condition"),
            Guard(RECLAIMED, AtLeast(pages(FILE - (RAM - IDLE))),
                  "cache is freed: at least what memory could not hold"),
            Guard(Recorded(AT_LIMIT, "times"), AtLeast(1), "the group is short")),
    expects=(Expect(
        CACHE_FIRST, swapped("idle", "cache read", "while cache was reclaimed"),
        if_true=Exactly(0, "“nothing is swapped”"), if_false=AtLeast(1, "one page is enough"),
        reads_true=swapped("may not swap", "read by the group", "in the shortage of a group that may not swap, swap preferred"),
        reads_false=swapped("cache read", "paged out", "by MADV_PAGEOUT"),
        says="While cache was reclaimed {value} pages were swapped out."),),
    version=3,
)
