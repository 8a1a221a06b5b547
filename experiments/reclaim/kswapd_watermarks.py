"""At which watermarks does kswapd wake and go to sleep again?

Kernel probes record the free pages and the marks of every zone each time that kswapd is woken and each time that it
goes to sleep. A guest is filled with anonymous memory and then reads a file page by page, so that kswapd wakes and
sleeps many times; in a second shortage there is next to nothing that it could free. In between, the marks are moved
past what is free and back by min_free_kbytes, which shows a wake below the mark and a sleep above it.
"""

import os
from collections.abc import Callable
from operator import itemgetter

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Claim, Derived, Expect, Experiment, Guard, Known, Needs, Quantity,
    Recording, Settings,
)
from harness.lab import RANDOM, Lab, Probe
from harness.lab.helpers import reclaim
from harness.lab.helpers.reclaim import sleeps, wakes

RAM, ANON, FILE, PIECE, BIT = 256 * MIB, 160 * MIB, 96 * MIB, 8 * MIB, 64 * KIB
MARK = 8192                             # min_free_kbytes: low and high are each some 2 MiB above the one below
PAUSE, NAP = 150_000_000, 50_000_000    # ns; kswapd dozes for 100 ms before it sleeps until it is woken
RUNS = 100                              # of kswapd, to no avail: far more than MAX_RECLAIM_RETRIES (mm/internal.h), 16
RUN, GIVEN_UP = "vmstat:pageoutrun", "zoneinfo:0.DMA.node_unreclaimable"
SHORTAGE, MOVED, HOPELESS = "shortage", "marks moved", "nothing to free"

WAKES = Claim(
    "kswapd-wakes-below-low", "For order-0 pressure (watermark_boost_factor 0), kswapd is woken only when a zone's free "
    "pages have fallen below its low watermark.", RECLAIM,
    known=(Known(CONFIRMED, "mm/page_alloc.c, get_page_from_freelist: zone_watermark_fast looks for a zone with more than its "
                            "low mark (ALLOC_WMARK_LOW); a request that found none goes to __alloc_pages_slowpath, which "
                            "calls wake_all_kswapds; rmqueue calls wakeup_kswapd only after a boost (ZONE_BOOSTED_WATERMARK; "
                            "v5.10 to v7.2); measured: never a page more, on 5.10 to 7.2"),))
SLEEPS = Claim(
    "kswapd-sleeps-at-high", "kswapd sleeps again only once a zone that may serve the request has reached its high "
    "watermark plus its reserve.", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, prepare_kswapd_sleep: as claimed (pgdat_balanced), but after MAX_RECLAIM_RETRIES "
                          "(16) runs that freed nothing it sleeps whatever is free (since v4.12, c73322d098e4); measured "
                          "on 5.10 to 7.2: some 40 pages below once nothing could be freed, never below while something "
                          "could, except once on 5.10 when all that could was under writeback"),))


def procedure(lab: Lab) -> None:
    reclaim.watch_kswapd(lab)
    swap = lab.swapon()
    probe = lab.probe()
    file = probe.open(lab.mount_disk() + "/file", os.O_RDWR | os.O_CREAT).value
    probe.ftruncate(file, FILE)                     # a hole: its pages are cached and reclaimed as all clean pages are
    lab.sync()
    probe.fadvise(file, 0, 0, RANDOM)               # no readahead: it would ask for more than single pages
    with lab.trace(SHORTAGE, *reclaim.KSWAPD_EVENTS):
        memory = probe.map(ANON).fill()
        for offset in range(0, FILE, PIECE):        # after a piece kswapd gets to sleep, with the next one it wakes
            probe.read(file, PIECE, offset)
            lab.hand.sleep(PAUSE)
    memory.unmap()
    free = lab.counter("meminfo:MemFree")
    with lab.trace(MOVED, *reclaim.KSWAPD_EVENTS):      # the lowest mark to below what is free, the others to above it
        lab.sysctl("vm.min_free_kbytes", free * 85 // 100 // KIB)
        probe.map(PIECE).fill()
        lab.sysctl("vm.min_free_kbytes", MARK)
        lab.hand.sleep(PAUSE)
    lab.drop_caches(1)
    lab.hand.swapoff(swap)                          # from here on there is next to nothing that could be freed
    with lab.trace(HOPELESS, *reclaim.KSWAPD_EVENTS):
        fill_until_woken(lab, probe)
        before = lab.counter(RUN)
        while lab.counter(RUN) < before + RUNS and not lab.counter(GIVEN_UP):
            lab.hand.sleep(NAP)


def fill_until_woken(lab: Lab, probe: Probe) -> None:
    """Takes memory that can't be freed until kswapd runs: between the low mark and the lowest, far from an OOM kill."""
    before, free = lab.counter(RUN), lab.counter("meminfo:MemFree")
    probe.map(free - 3 * MARK * KIB).fill()
    while lab.counter(RUN) == before:
        probe.map(BIT).fill()


def margin(pick: Callable[[list[int]], int], moments: Callable[..., list[int]], mark: str, *traces: str,
           called: str, unit: str = "pages") -> Quantity:
    def read(recording: Recording) -> int | None:
        found = moments(recording, mark, *traces)
        return pick(found) if found else None
    return Derived(called, read, unit)


FIRST, LAST = itemgetter(0), itemgetter(-1)
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, files=(reclaim.BTF,), changes=("mount", "swap", "sysctl", "drop_caches"), throwaway=True),
    settings=Settings(overcommit=1, watermark_boost_factor=0, min_free_kbytes=MARK),
    writes=("min_free_kbytes",),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=2,
    guards=tuple(Guard(margin(len, moments, "low", SHORTAGE, called=f"{what} in the shortage", unit="times"), AtLeast(10),
                       "“only” of a few says little") for moments, what in ((wakes, "wakes"), (sleeps, "sleeps"))),
    expects=(
        Expect(WAKES, margin(max, wakes, "low", SHORTAGE, HOPELESS,
                             called="most free pages over its low mark that a zone had when kswapd was woken for it"),
               if_true=AtMost(0, "at the mark itself, the one page that is asked for would take it below"),
               if_false=AtLeast(1, "one wake with a page to spare is enough"),
               reads_true=margin(FIRST, wakes, "low", MOVED, called="the same after the mark was raised over what is free"),
               reads_false=margin(LAST, sleeps, "low", MOVED, called="the same when kswapd slept after it was lowered"),
               says="At the wake with most to spare the zone had {value} free pages over its low mark."),
        Expect(SLEEPS, margin(min, sleeps, "high", SHORTAGE, HOPELESS,
                              called="least free pages over high mark and reserve that the best zone had when kswapd slept"),
               if_true=AtLeast(0, "“reached”"), if_false=AtMost(-1, "one sleep a page below is enough"),
               reads_true=margin(LAST, sleeps, "high", MOVED, called="the same after the marks were lowered"),
               reads_false=margin(FIRST, wakes, "high", MOVED, called="the same when kswapd was woken after they were raised"),
               says="At the sleep with least to spare the best zone had {value} free pages over its high mark and reserve."),
    ),
)
