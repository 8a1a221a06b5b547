"""Does reclaim leave anonymous memory alone at swappiness 0?

At swappiness 0 a guest of 256 MiB holds 32 MiB of idle anonymous memory and reads a large file: free and file pages
stay above the high watermarks, which is checked in every sample of the time series. Then a process fills 256 MiB, so
that nearly no file pages are left. Pages swapped out are counted in both stretches, before swap is on, and when
memory is paged out on demand.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import CONFIRMED, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.counters import keyed, zoneinfo
from harness.evidence import Recording
from harness.needs import MIB, Needs
from harness.operations import PAGEOUT
from harness.procedure import Lab
from harness.quantities import Change, Derived, Quantity, pages
from harness.settings import Settings

RAM, IDLE, FILE, DEMAND = 256 * MIB, 32 * MIB, 256 * MIB, 256 * MIB

CACHE_FIRST = Claim(
    "swappiness-0-prefers-cache", "With swappiness 0, as long as free plus file pages exceed the high watermark, cache is "
    "freed and nothing is swapped.", RECLAIM,
    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, swappiness; mm/vmscan.c, get_scan_count and (MGLRU) "
                            "isolate_folios (v6.12)"),))
NEVER = Claim(
    "swappiness-0-never-swaps", "With swappiness 0 reclaim never swaps, whatever the shortage and the watermarks.",
    RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, isolate_folios: anonymous memory is out of the question at swappiness 0; the "
                            "shortage ends in an OOM kill (v6.1, v6.12)", settings={"lru": "mglru"}),
           Known(REFUTED, "mm/vmscan.c, get_scan_count: once free plus file pages are below the high watermark "
                          "(file_is_tiny) only anonymous memory is scanned (v5.10, v6.12)",
                 settings={"lru": "classic"})))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    fd = lab.hand.open(f"{disk}/file", os.O_RDWR | os.O_CREAT).value
    lab.hand.ftruncate(fd, FILE)        # a hole: its pages are cached and reclaimed as all clean pages are
    lab.sync()
    probe = lab.probe()
    probe.map(IDLE).fill()
    lab.sample("no swap")
    lab.hand.read(fd, FILE)
    lab.swapon()
    lab.sample("swap on")
    lab.hand.read(fd, FILE)
    lab.sample("cache read")
    eater = lab.probe("eater")
    lab.write(f"/proc/{eater.pid}/oom_score_adj", "1000")
    memory = eater.map(DEMAND)
    eater.attempt.fill(memory.address, memory.length)
    lab.sample("short")
    lab.record("killed", int(not eater.alive))
    eater.kill_now()
    pushed = probe.map(IDLE // 4).fill()
    lab.drain_lru()
    lab.sample("filled")
    probe.madvise(pushed.address, pushed.length, PAGEOUT)
    lab.sample("paged out")


def swapped(since: str, until: str, when: str) -> Quantity:
    return Change("vmstat:pswpout", since, until).called(f"pages swapped out {when}")


def margin(recording: Recording) -> int | None:
    """By how many pages, at the least, free and file pages exceeded the high watermarks while the file was read."""
    since, until = recording.samples.get("swap on"), recording.samples.get("cache read")
    zones = recording.text("swap on", "zoneinfo")
    if since is None or until is None or zones is None:
        return None
    high = sum(value for key, value in zoneinfo(zones.encode()).items() if key.endswith(".high"))
    during = [keyed(event["files"]["vmstat"].encode()) for event in recording.series
              if since["ended"] <= event["began"] <= until["began"]]
    return min((one["nr_free_pages"] + one["nr_active_file"] + one["nr_inactive_file"] - high for one in during),
               default=None)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, changes=("mount", "swap", "sysctl"), throwaway=True),
    settings=Settings(swappiness=0, overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=50,
    guards=(Guard(Derived("least margin of free plus file pages over the high watermark", margin, "pages"), AtLeast(1),
                  "the condition of the first claim"),
            Guard(Change("vmstat:pgsteal_kswapd", "swap on", "cache read")
                  + Change("vmstat:pgsteal_direct", "swap on", "cache read"), AtLeast(pages(FILE - RAM // 2)),
                  "without reclaim nothing is shown: at least what memory could not hold was freed")),
    expects=(
        Expect(CACHE_FIRST, swapped("swap on", "cache read", "while cache was reclaimed"),
               if_true=Exactly(0, "“nothing is swapped”"), if_false=AtLeast(1, "one page is enough"),
               reads_true=swapped("no swap", "swap on", "in the same shortage without swap"),
               reads_false=swapped("filled", "paged out", "by MADV_PAGEOUT"),
               says="While cache was reclaimed {value} pages were swapped out."),
        Expect(NEVER, swapped("cache read", "short", "in the shortage"),
               if_true=Exactly(0, "“never”"), if_false=AtLeast(1, "one page is enough"),
               reads_true=swapped("no swap", "swap on", "in a shortage without swap"),
               reads_false=swapped("filled", "paged out", "by MADV_PAGEOUT"),
               says="In the shortage {value} pages were swapped out."),
    ),
)
