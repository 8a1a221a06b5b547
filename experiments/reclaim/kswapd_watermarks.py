"""At which watermarks does kswapd wake and go to sleep again, and when does it give up?

Kernel probes record the free pages and the marks of every zone each time that kswapd is woken and each time that it
asks whether it may sleep. A guest is filled with anonymous memory and then reads a file page by page, so that kswapd
wakes and sleeps many times. A request for huge pages shows a wake with pages to spare; then the marks are moved past
what is free and back by min_free_kbytes. At last there is next to nothing that kswapd could free: memory without swap,
and, after its count of vain runs was set back, locked memory.
"""

import os
from collections.abc import Callable, Sequence

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, KIB, MIB, AtLeast, AtMost, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Not, Quantity,
    Recorded, Recording, Settings,
)
from harness.lab import RANDOM, Lab, Probe, Region
from harness.lab.helpers import reclaim
from harness.lab.helpers.reclaim import GIVES_UP, Look, looks, wakes

RAM, ANON, FILE, PIECE, BIT = 256 * MIB, 160 * MIB, 96 * MIB, 8 * MIB, 64 * KIB
MARK = 8192                             # min_free_kbytes: low and high are each some 2 MiB above the one below
PAUSE, NAP = 150_000_000, 50_000_000    # ns; kswapd dozes for 100 ms before it sleeps until it is woken
RUN, GIVEN_UP, ZONE = "vmstat:pageoutrun", "zoneinfo:0.DMA.node_unreclaimable", "zoneinfo:0.DMA32"
SHORTAGE, HUGE, MOVED, HOPELESS, LOCKED = "shortage", "huge pages", "marks moved", "nothing to free", "locked"

WAKES = Claim(
    "kswapd-wakes-below-low", "For order-0 pressure (watermark_boost_factor 0, no NUMA memory tiering), kswapd is woken only "
    "when a zone's free pages have come down to its low watermark plus its reserve.", RECLAIM,
    known=(Known(CONFIRMED, "mm/page_alloc.c, zone_watermark_fast: a request for a page passes while more is free than the low "
                            "mark, lowmem_reserve and what is kept for atomic requests; one that found no zone goes to "
                            "__alloc_pages_slowpath, which calls wake_all_kswapds; rmqueue calls wakeup_kswapd only after a "
                            "boost (v5.10 to v7.2); mm/migrate.c, migrate_misplaced_folio_prepare: the other caller, at the "
                            "high mark, only under memory tiering (v6.12, v7.2); measured: never a page more, on 5.10 to 7.2"),))
SLEEPS = Claim(
    "kswapd-sleeps-at-high", "kswapd sleeps again only once a zone that may serve the request has reached its high "
    "watermark plus its reserve, as long as it frees anything.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, prepare_kswapd_sleep: it asks pgdat_balanced, which compares what is free with the "
                            "high mark and the reserve in each zone up to the request's (v5.10 to v7.2); measured: never a page "
                            "below unless it had given up, on 5.10 to 7.2"),))
GIVES = Claim(
    "kswapd-gives-up", "After 16 runs in a row that freed nothing kswapd sleeps, whatever is free (watermark_boost_factor 0).",
    RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, prepare_kswapd_sleep and balance_pgdat: it counts kswapd_failures up to "
                            "MAX_RECLAIM_RETRIES (mm/internal.h, MAX_RECLAIM_RETRIES; since v4.12, c73322d098e4); measured",
                 since="4.12"),))


def procedure(lab: Lab) -> None:
    lab.record("memory tiering", int(int(lab.find(reclaim.TIERING) or 0) == 2))
    reclaim.watch_kswapd(lab)
    swap = lab.swapon()
    probe = lab.probe()
    path = f"{lab.mount_disk()}/file"
    file = probe.open(path, os.O_RDWR | os.O_CREAT).value
    probe.ftruncate(file, FILE)                     # a hole: its pages are cached and reclaimed as all clean pages are
    lab.sync()
    probe.fadvise(file, 0, 0, RANDOM)               # no readahead: it would ask for more than single pages
    with lab.trace(SHORTAGE, *reclaim.KSWAPD_EVENTS):
        memory = probe.map(ANON).fill()
        for offset in range(0, FILE, PIECE):        # after a piece kswapd gets to sleep, with the next one it wakes
            probe.read(file, PIECE, offset)
            lab.hand.sleep(PAUSE)
    memory.unmap()
    with lab.trace(HUGE, *reclaim.KSWAPD_EVENTS):   # all of them: the last is asked for with less than its size over the mark
        lab.sysctl("vm.nr_hugepages", lab.counter("meminfo:MemFree") // lab.counter("meminfo:Hugepagesize"))
    lab.sysctl("vm.nr_hugepages", 0)
    set_back(lab, "first", path)    # each request woke it, the last ones with nothing left to free
    probe.read(file, 5 * PIECE)     # what it can free, so that it does not give up before the marks are back
    lab.hand.sleep(PAUSE)
    free = lab.counter("meminfo:MemFree")
    with lab.trace(MOVED, *reclaim.KSWAPD_EVENTS):      # the lowest mark to below what is free, the others to above it
        lab.sysctl("vm.min_free_kbytes", free * 82 // 100 // KIB)
        probe.map(PIECE * 3 // 2).fill()        # first of the DMA zone, which is nearer to its own marks
        lab.sysctl("vm.min_free_kbytes", MARK)
        lab.hand.sleep(PAUSE)
    lab.drop_caches(1)
    lab.hand.swapoff(swap)                          # from here on there is next to nothing that could be freed
    with lab.trace(HOPELESS, *reclaim.KSWAPD_EVENTS):
        taken = starve(lab, probe)
    for memory in taken:
        memory.unmap()
    set_back(lab, "second", path)
    with lab.trace(LOCKED, *reclaim.KSWAPD_EVENTS):
        starve(lab, probe, locked=True)


def set_back(lab: Lab, name: str, path: str) -> None:
    """Sets kswapd's count of vain runs back: by clean pages that a new group frees. None of them stay."""
    with lab.sandbox(name) as box:
        other = lab.probe(f"{name} reader", box)
        other.read(other.open(path).value, PIECE)
        box.set("memory.max", str(PIECE // 2))
    lab.require(not lab.counter(GIVEN_UP), "kswapd's count of vain runs is set back")
    lab.drop_caches(1)


def starve(lab: Lab, probe: Probe, *, locked: bool = False) -> list[Region]:
    """Takes memory that can't be freed until kswapd has given up: bit by bit once the zone comes near its low mark, and only
    down to its lowest, far from an OOM kill. Returns it."""
    def take(size: int) -> None:
        taken.append(probe.map(size).lock() if locked else probe.map(size).fill())

    taken: list[Region] = []
    take(lab.counter("meminfo:MemFree") - 3 * MARK * KIB)
    while not lab.counter(GIVEN_UP) and lab.counter(f"{ZONE}.free") > lab.counter(f"{ZONE}.min") + BIT:
        runs = lab.counter(RUN)
        take(BIT)
        while not lab.counter(GIVEN_UP) and lab.counter(RUN) != runs:       # it is at work
            runs = lab.counter(RUN)
            lab.hand.sleep(NAP)
    return taken


def least(title: str, values: Callable[[Recording], Sequence[int]], unit: str = "pages",
          pick: Callable[[Sequence[int]], int] = min) -> Quantity:
    def read(recording: Recording) -> int | None:
        found = values(recording)
        return pick(found) if found else None
    return Derived(title, read, unit)


def spare(title: str, pick: Callable[[Sequence[int]], int], *traces: str, large: bool = False) -> Quantity:
    """Reads by how much a zone's free pages were over its low mark and reserve at a wake."""
    return least(title, lambda recording: wakes(recording, "low", *traces, large=large), pick=pick)


def asleep(*traces: str, given_up: bool | None = None) -> Callable[[Recording], list[Look]]:
    """Lists the looks after which kswapd slept: all, those when it had given up, or the others."""
    return lambda recording: [look for look in looks(recording, *traces) if look.asleep
                              and given_up in (None, look.vain >= GIVES_UP)]


def over(title: str, chosen: Callable[[Recording], list[Look]]) -> Quantity:
    return least(title, lambda recording: [look.over for look in chosen(recording)])


def vain(title: str, trace: str) -> Quantity:
    return least(title, lambda recording: [look.vain for look in asleep(trace)(recording)], "runs")


def kept_awake(title: str, trace: str, holds: Callable[[Look], bool]) -> Quantity:
    def read(recording: Recording) -> int | None:
        found = looks(recording, trace)
        return sum(holds(look) and not look.asleep for look in found) if found else None
    return Derived(title, read, "times")


def count(title: str, values: Callable[[Recording], Sequence[object]]) -> Quantity:
    return Derived(title, lambda recording: len(values(recording)), "times")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, files=(reclaim.BTF,), changes=("mount", "swap", "sysctl", "drop_caches"), throwaway=True),
    settings=Settings(overcommit=1, watermark_boost_factor=0, min_free_kbytes=MARK),
    writes=("min_free_kbytes",),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=5,
    guards=(Guard(Recorded("memory tiering"), Exactly(0), "under it kswapd is woken at the high mark"),
            Guard(count("wakes in the shortage", lambda recording: wakes(recording, "low", SHORTAGE)), AtLeast(10),
                  "“only” of a few says little"),
            Guard(count("sleeps in the shortage", asleep(SHORTAGE)), AtLeast(10), "“only” of a few says little")),
    expects=(
        Expect(WAKES, spare("most free pages over its low mark and reserve that a zone had when kswapd was woken for it", max,
                            SHORTAGE, HOPELESS, LOCKED),
               if_true=AtMost(0, "at the mark itself, the one page that is asked for would take it below"),
               if_false=AtLeast(1, "one wake with a page to spare is enough"),
               reads_true=spare("the same after the mark was raised over what is free", max, MOVED),
               reads_false=spare("the same when it was woken for a huge page", max, HUGE, large=True),
               says="At the wake with most to spare the zone had {value:±free pages over|free pages less than} its low "
                    "mark and reserve."),
        Expect(SLEEPS, over("least free pages over high mark and reserve that the best zone had when kswapd slept and had not "
                            "given up", asleep(SHORTAGE, HOPELESS, LOCKED, given_up=False)),
               if_true=AtLeast(0, "“reached”"), if_false=AtMost(-1, "one sleep a page below is enough"),
               reads_true=over("the same after the marks were lowered", asleep(MOVED, given_up=False)),
               reads_false=over("the same when it had given up", asleep(HOPELESS, given_up=True)),
               says="At the sleep with least to spare the best zone had {value:±free pages over|free pages less than} "
                    "its high mark and reserve."),
        Expect(GIVES, vain("runs in a row that had freed nothing when kswapd slept, memory without swap", HOPELESS),
               if_true=Exactly(GIVES_UP, "the claim's number"), if_false=Not(GIVES_UP, "after fewer, or after more"),
               reads_true=vain("the same with locked memory", LOCKED),
               reads_false=vain("the same while pages could be freed", SHORTAGE),
               says="It slept after {value} runs in a row that freed nothing."),
        Expect(GIVES, over("most free pages over high mark and reserve that the best zone had when kswapd slept then",
                           asleep(HOPELESS)),
               if_true=AtMost(-1, "a page below the mark: it did not sleep for what is free"), if_false=AtLeast(0, "“reached”"),
               reads_true=over("the same with locked memory", asleep(LOCKED)),
               reads_false=over("the same while pages could be freed", asleep(SHORTAGE)),
               says="At that sleep the best zone had {value:±free pages over|free pages less than} its high mark and reserve."),
        Expect(GIVES, kept_awake("times that kswapd was not let to sleep after so many runs", HOPELESS,
                                 lambda look: look.vain >= GIVES_UP),
               if_true=AtMost(0, "it sleeps"), if_false=AtLeast(1, "one time is enough"),
               # Not while pages can be freed: who is preempted as it looks at the marks may find them missed again (7.2).
               reads_true=kept_awake("the same with locked memory", LOCKED, lambda look: look.vain >= GIVES_UP),
               reads_false=kept_awake("the same below the mark after fewer runs", HOPELESS,
                                      lambda look: look.vain < GIVES_UP and look.over < 0),
               says="After so many it was {value:times} kept from sleeping."),
    ),
)
