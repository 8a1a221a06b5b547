"""Which frees more pages in one run: direct reclaim or kswapd?

In a guest of 256 MiB a process fills 320 MiB with swap on, and half of that again. The pages that direct reclaim and
kswapd stole are divided by how often each of them ran. For the references the caches are dropped by hand: a run that
frees a cached file of 64 MiB, and one that finds nothing to free.
"""

import os
import re

from experiments.sections import RECLAIM
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Change, Claim, Derived, Expect, Experiment, Guard, Known, Needs, Number, Quantity,
    Recording, Settings, counters,
)
from harness.lab import Lab

RAM, DEMAND, CACHE = 256 * MIB, 320 * MIB, 64 * MIB
AGAIN, PARTS, PAUSE = 160 * MIB, 20, 50_000_000         # PAUSE in ns

DIRECT = Claim(
    "direct-reclaim-frees-more", "Direct reclaim, at a lower limit, reclaims more pages per run than kswapd.", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c: try_to_free_pages is content with SWAP_CLUSTER_MAX (32) pages, balance_pgdat goes "
                          "on to the high watermark (v6.12)"),))


def procedure(lab: Lab) -> None:
    fd = lab.hand.open(lab.mount_disk() + "/file", os.O_RDWR | os.O_CREAT).value
    lab.hand.ftruncate(fd, CACHE)
    lab.sync()
    lab.hand.read(fd, CACHE)
    lab.sample("cached")
    lab.drop_caches(1)
    lab.sample("dropped")
    lab.drop_caches(1)
    lab.sample("dropped again")
    lab.swapon()
    probe = lab.probe()
    memory = probe.map(DEMAND)
    lab.sample("before")
    memory.fill()
    for part in range(PARTS):           # half of it again, bit by bit: kswapd gets to its mark each time, a run to count
        memory.part(part * AGAIN // PARTS, AGAIN // PARTS).write()
        lab.hand.sleep(PAUSE)
    lab.sample("short")


def grown(recording: Recording, names: str) -> int | None:
    """By how much the counters of vmstat whose names match grew together during the shortage."""
    before, after = (recording.text(moment, "vmstat") for moment in ("before", "short"))
    if before is None or after is None:
        return None
    old, new = counters.keyed(before.encode()), counters.keyed(after.encode())
    return sum(value - old.get(name, 0) for name, value in new.items() if re.fullmatch(names, name))


def per_run(freed: str, runs: str) -> Quantity:
    def read(recording: Recording) -> Number | None:
        pages, times = grown(recording, freed), grown(recording, runs)
        return None if pages is None or not times else pages / times
    return Derived(f"{freed} for each {runs}", read, "pages")


def runs(names: str) -> Quantity:
    return Derived(f"growth of {names}", lambda recording: grown(recording, names), "runs")


KSWAPD = per_run("pgsteal_kswapd", "pageoutrun")
STALLS = r"allocstall_\w+"


def more(freed: Quantity, what: str) -> Quantity:
    return (freed - KSWAPD).called(f"pages freed by one run of {what} less those by one of kswapd", "pages")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, changes=("mount", "swap", "sysctl", "drop_caches"), throwaway=True),
    settings=Settings(overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    version=3,
    guards=tuple(Guard(runs(names), AtLeast(10, "an average of fewer says little"), "both must have run")
                 for names in (STALLS, "pageoutrun")),
    expects=(Expect(
        DIRECT, more(per_run("pgsteal_direct", STALLS), "direct reclaim"),
        if_true=AtLeast(1, "“more”: a page"), if_false=AtMost(0, "as many, or fewer"),
        reads_true=more(Change("meminfo:Cached", "dropped", "cached"), "drop_caches, with 64 MiB cached,"),
        reads_false=more(Change("meminfo:Cached", "dropped again", "dropped"), "drop_caches, with nothing cached,"),
        says="A run of direct reclaim freed {value} pages more than one of kswapd."),),
)
