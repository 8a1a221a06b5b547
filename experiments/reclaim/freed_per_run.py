"""Which frees more pages in one run: direct reclaim or kswapd?

In a guest of 256 MiB a process fills 320 MiB with swap on, and half of that again. The kernel's tracepoint at the end of
each run of direct reclaim says how many pages it freed; what kswapd freed is divided by how often it ran. The references
are runs of a group's own reclaim, of which it is known how much they have to free: a group with 64 MiB of cached file is
squeezed at once, and one that stands at its limit reads such a file, and frees a bit with each step.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Change, Claim, Derived, Expect, Experiment, Guard, Known, Needs, Number, Quantity,
    Recording, Settings, trace_events,
)
from harness.lab import RANDOM, Lab

RAM, DEMAND, CACHE, LIMIT = 256 * MIB, 320 * MIB, 64 * MIB, 8 * MIB
AGAIN, PARTS, PAUSE = 160 * MIB, 20, 50_000_000         # PAUSE in ns
DIRECT_RUN, GROUP_RUN = "vmscan:mm_vmscan_direct_reclaim_end", "vmscan:mm_vmscan_memcg_reclaim_end"

DIRECT = Claim(
    "direct-reclaim-frees-more", "Direct reclaim, at a lower limit, reclaims more pages per run than kswapd.", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, try_to_free_pages: it is content with SWAP_CLUSTER_MAX (32) pages, and balance_pgdat "
                          "goes on to the high watermark (v5.10 to v7.2)"),),
    instead="Direct reclaim is content with the 32 pages that serve its allocation. Where it shows as latency (allocstall in "
            "/proc/vmstat), raise vm.watermark_scale_factor, so that kswapd begins earlier and frees more.")


def procedure(lab: Lab) -> None:
    path = lab.mount_disk() + "/file"
    lab.hand.ftruncate(lab.hand.open(path, os.O_RDWR | os.O_CREAT).value, CACHE)
    lab.sync()
    box = lab.sandbox()
    reader = lab.probe("reader", box)
    file = reader.open(path).value
    reader.fadvise(file, 0, 0, RANDOM)
    reader.read(file, CACHE)
    with lab.trace("squeezed", GROUP_RUN):
        box.set("memory.max", str(LIMIT))
    with lab.trace("at its limit", GROUP_RUN):
        reader.read(file, CACHE)
    reader.end()
    lab.drop_caches(1)
    lab.swapon()
    probe = lab.probe()
    memory = probe.map(DEMAND)
    lab.sample("before")
    with lab.trace("short of memory", DIRECT_RUN):
        memory.fill()
        for part in range(PARTS):       # half of it again, bit by bit: kswapd gets to its mark each time, a run to count
            memory.part(part * AGAIN // PARTS, AGAIN // PARTS).write()
            lab.hand.sleep(PAUSE)
    lab.sample("short")


def freed(recording: Recording, trace: str) -> list[int]:
    return [event.number("nr_reclaimed") for event in trace_events.events(recording, trace) or ()]


def per_run(trace: str) -> Quantity:
    def read(recording: Recording) -> Number | None:
        found = freed(recording, trace)
        return sum(found) / len(found) if found else None
    return Derived(f"pages for each run, {trace}", read, "pages")


def grown(counter: str) -> Quantity:
    return Change(f"vmstat:{counter}", "before", "short")


KSWAPD = grown("pgsteal_kswapd") / grown("pageoutrun")


def more(trace: str, what: str) -> Quantity:
    return (per_run(trace) - KSWAPD).called(f"pages freed by one run of direct reclaim less those by one of kswapd, {what}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, changes=("mount", "swap", "sysctl", "drop_caches"), throwaway=True),
    settings=Settings(overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=4,
    guards=(Guard(Derived("runs of direct reclaim", lambda recording: len(freed(recording, "short of memory")), "runs"),
                  AtLeast(10, "an average of fewer says little"), "both must have run"),
            Guard(grown("pageoutrun"), AtLeast(10, "an average of fewer says little"), "both must have run")),
    expects=(Expect(
        DIRECT, more("short of memory", "in a shortage"),
        if_true=AtLeast(1, "“more”: a page"), if_false=AtMost(0, "as many, or fewer"),
        reads_true=more("squeezed", f"of a group squeezed by {(CACHE - LIMIT) // MIB} MiB"),
        reads_false=more("at its limit", "of a group at its limit"),
        says="A run of direct reclaim freed {value:±pages more than|pages less than|as much as} one of kswapd.",
        reference_why="the same field of the event that ends a group's run of reclaim: how much that has to free can be set"),),
)
