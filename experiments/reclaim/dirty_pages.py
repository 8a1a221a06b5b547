"""Who writes dirty file pages when memory runs short: reclaim itself?

In a guest of 256 MiB the writing back of dirty pages by itself is put off, and 80 MiB of a file are dirty. Then 152
MiB of anonymous memory are filled, so that something has to go, and nr_vmscan_write tells how many pages reclaim
itself wrote. A second fill, with swap on, shows how writing by reclaim reads; a sync shows how writing by others
does.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, GIB, MIB, REFUTED, SWAP, AtLeast, Change, Claim, Disk, Exactly, Expect, Experiment, Guard, Known, Needs,
    Quantity, Settings, pages,
)
from harness.lab import Lab

# DIRTY is 38 % of the guest's memory: by default at most 20 % may be dirty (dirty_ratio). Together with DEMAND
# it is 69 MiB more than is available at first (163 MiB on 6.12): nearly all that is dirty has to go.
RAM, DIRTY, DEMAND, PIECE = 256 * MIB, 80 * MIB, 152 * MIB, 4 * MIB
# A slow disk (bytes a second) with a short queue: the flusher threads that reclaim wakes get few pages under way at a time,
# so that reclaim meets the others again while they are dirty. On a fast one it did in one trial of three (5.10).
SLOW = Disk("disk", "ext4", 1 * GIB, rate=20_000_000)

BY_RECLAIM = Claim(
    "dirty-written-by-reclaim", "When memory runs short with many dirty file pages, reclaim itself writes them to disk.",
    RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, sort_folio (v6.1; in v6.12 until 6.12.115) puts dirty file pages aside and leaves them "
                          "to the flusher threads; shrink_folio_list (v6.12, v7.2) keeps them, and ext4 has no writepage "
                          "(dae999602eeb, v6.2)", settings={"lru": "mglru"}),
           Known(CONFIRMED, "mm/vmscan.c, shrink_page_list (v5.10), shrink_folio_list (v6.1): kswapd writes dirty file pages "
                            "that it meets a second time (PageReclaim, PGDAT_DIRTY); measured on a slow disk: 899 to 3,857 of "
                            "20,480 on 5.10 and 6.1",
                 until="6.2"),
           Known(REFUTED, "mm/vmscan.c, shrink_folio_list: reclaim wakes the flusher threads; only kswapd may write file "
                          "pages (v6.12), or nothing (v7.2), and ext4 has no writepage left for it (dae999602eeb, v6.2)",
                 since="6.2")))


def procedure(lab: Lab) -> None:
    for name, value in (("dirty_background_ratio", 95), ("dirty_ratio", 99), ("dirty_writeback_centisecs", 0),
                        ("dirty_expire_centisecs", 360000)):
        lab.sysctl(f"vm.{name}", value)                 # nobody writes before memory runs short
    fd = lab.hand.open(lab.mount_disk() + "/file", os.O_RDWR | os.O_CREAT).value
    lab.hand.write(fd, DIRTY)
    lab.sample("reference dirty")
    lab.sync()                                          # the blocks are allocated, too: reclaim could write at once
    lab.sample("reference written")
    lab.hand.write(fd, DIRTY, seed=2)
    first, second = lab.probe("first").map(DEMAND), lab.probe("second").map(2 * DEMAND)
    queue = f"/sys/block/{lab.device('disk').rsplit('/', 1)[-1]}/queue"
    lab.write(f"{queue}/nr_requests", "4")
    lab.write(f"{queue}/max_sectors_kb", "64")
    lab.sample("dirty")
    first.probe.fill_until_end(first, PIECE)            # a kernel that does not wait for a disk as slow as that kills it
    lab.sample("short")
    lab.swapon()
    lab.sample("swap on")
    second.fill()
    lab.sample("swapped")


def by_reclaim(since: str, until: str, what: str) -> Quantity:
    return Change("vmstat:nr_vmscan_write", since, until).called(f"pages written by reclaim {what}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(SLOW, SWAP), changes=("mount", "swap", "sysctl"), throwaway=True),
    settings=Settings(overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    version=3,
    guards=(Guard(Change("meminfo:Dirty", "reference written", "dirty"), AtLeast(pages(DIRTY // 2)),
                  "there must be many dirty pages before"),
            Guard(Change("vmstat:pageoutrun", "dirty", "short"), AtLeast(1), "and memory must run short: kswapd at work")),
    expects=(Expect(
        BY_RECLAIM, by_reclaim("dirty", "short", "in a shortage with many dirty file pages, no swap"),
        if_true=AtLeast(1, "a page that reclaim wrote"), if_false=Exactly(0, "all was written by others"),
        reads_true=by_reclaim("swap on", "swapped", "in a shortage with swap"),
        reads_false=by_reclaim("reference dirty", "reference written", "while sync wrote the same file"),
        says=f"In a shortage with {DIRTY // MIB} MiB of dirty file pages reclaim itself wrote {{value}} of them."),),
)
