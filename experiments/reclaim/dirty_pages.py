"""Who writes dirty file pages when memory runs short: reclaim itself?

In a guest of 256 MiB the writing back of dirty pages by itself is put off (dirty ratios 95 and 99 %, no periodic
writeback), and 80 MiB of a file are dirty, on a disk of 20 MB/s with a queue of 4 requests. Then 152 MiB of anonymous
memory are filled, so that something has to go. The kernel's tracepoint of what a task gives a block device tells how
many pages kswapd, and the process that is short of memory, wrote themselves; the flusher threads write from tasks of
their own. In one arm the file is written over, so that its blocks are allocated; in the other it is new, and ext4
allocates when the flusher threads write (delayed allocation): reclaim asks ext4 for its pages too, and it refuses. A
second fill, with swap on, shows how writing by reclaim reads.
"""

import os
from collections.abc import Iterable

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, GIB, MIB, REFUTED, SWAP, AtLeast, AtMost, Besides, Change, Claim, Derived, Disk, Exactly, Expect, Experiment,
    Guard, Known, Needs, Quantity, Recording, Settings, pages, trace_events,
)
from harness.lab import Lab

# DIRTY is 38 % of the guest's memory: by default at most 20 % may be dirty (dirty_ratio). Together with DEMAND
# it is 69 MiB more than is available at first (163 MiB on 6.12): nearly all that is dirty has to go.
RAM, DIRTY, DEMAND, PIECE = 256 * MIB, 80 * MIB, 152 * MIB, 4 * MIB
# A slow disk (bytes a second) with a short queue: the flusher threads that reclaim wakes get few pages under way at a time,
# so that reclaim meets the others again while they are dirty. On a fast one it did in one trial of three (5.10).
SLOW, REQUESTS = Disk("disk", "ext4", 1 * GIB, rate=20_000_000), 4
OVER, NEW = "written over", "new"
SHORT, SWAPPED = "short of memory", "short of memory, swap on"
KSWAPD, SECTOR = ("kswapd0",), 512
RECLAIM_TASKS = (*KSWAPD, "probe")      # what a process writes that only fills memory is direct reclaim

MOST = Claim(
    "dirty-written-by-reclaim",
    "When memory runs short with many dirty file pages, reclaim itself writes most of them to disk.", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, shrink_page_list: only kswapd may write file pages, only those that it meets again "
                          "under PGDAT_DIRTY, and the flusher threads are woken first (v5.10); measured: 669 of 20,480",
                 until="6.1"),
           Known(REFUTED, "mm/vmscan.c, shrink_folio_list: the same with the classic lists (v6.1, v6.12), and no dirty file page "
                          "at all (v7.2); since 6.2 ext4 has nothing that reclaim could call (dae999602eeb); measured on 6.12: "
                          "none", since="6.1")),
    instead="Leave writing to the flusher threads, and keep dirty memory down with vm.dirty_background_bytes and "
            "vm.dirty_bytes: reclaim itself writes few file pages, or none.")
KSWAPD_WRITES = Claim(
    "kswapd-may-write-dirty-pages",
    "kswapd itself can write dirty pages of an ext4 file (blocks allocated before, a slow disk, flushers held off).", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, sort_folio (v6.1): MGLRU puts dirty file pages aside and leaves them to the flusher "
                          "threads", until="6.2", settings={"lru": "mglru"}),
           Known(CONFIRMED, "fs/ext4/inode.c, ext4_writepage: it writes what has blocks and refuses what needs them allocated "
                            "(v5.10, v6.1); mm/vmscan.c, pageout: it calls that, and counts what was refused as "
                            "NR_VMSCAN_WRITE all the same (v5.10, v6.1); measured on 5.10: of a file with blocks it wrote "
                            "669 of 20,480 pages, of one without none, and the counter rose by 2,594", until="6.2"),
           Known(REFUTED, "mm/vmscan.c, pageout: ext4 has no writepage since dae999602eeb (v6.12), and file pages are not "
                          "written at all (v7.2)", since="6.2")),
    instead="Count on the flusher threads alone: kswapd writes no dirty pages of ext4 files since 6.2, nor with MGLRU "
            "before.")


def procedure(lab: Lab) -> None:
    for name, value in (("dirty_background_ratio", 95), ("dirty_ratio", 99), ("dirty_writeback_centisecs", 0),
                        ("dirty_expire_centisecs", 360000)):
        lab.sysctl(f"vm.{name}", value)                 # nobody writes before memory runs short
    path = lab.mount_disk() + "/file"
    fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT).value
    lab.hand.write(fd, DIRTY)
    if lab.arm == OVER:
        lab.sync()                                      # the blocks are allocated: reclaim could write at once
        lab.record("blocks", lab.on_device(path).blocks)
        lab.hand.write(fd, DIRTY, seed=2)
    first, second = lab.probe("first").map(DEMAND), lab.probe("second").map(2 * DEMAND)
    disks = {name: lab.device(name).rsplit("/", 1)[-1] for name in ("disk", "swap")}
    for name, disk in disks.items():
        lab.record(name, lab.read(f"/sys/block/{disk}/dev").strip().replace(":", ","))
    lab.write(f"/sys/block/{disks['disk']}/queue/nr_requests", str(REQUESTS))
    lab.write(f"/sys/block/{disks['disk']}/queue/max_sectors_kb", "64")
    lab.sample("dirty")
    with lab.trace(SHORT, trace_events.QUEUED):
        first.probe.fill_until_end(first, PIECE)        # a kernel that does not wait for a disk as slow as that kills it
    lab.sample("short")
    lab.swapon()
    with lab.trace(SWAPPED, trace_events.QUEUED):
        second.fill()


def written(tasks: Iterable[str], title: str, trace: str, disk: str = "disk", *, arm: str = OVER) -> Quantity:
    """Counts the pages that these tasks themselves gave a disk to write: of the file, where its blocks are known."""
    def read(recording: Recording) -> int | None:
        events, device = trace_events.events(recording, trace), recording.records.get(disk)
        if events is None or device is None:
            return None
        page, blocks = recording.page_size, recording.records.get("blocks") if disk == "disk" else None
        ours = {block * page // SECTOR for block in blocks or ()}
        found = [request for request in trace_events.requests(events)
                 if request.write and request.device == device and request.task in tasks
                 and (not ours or request.sector in ours)]
        return sum(request.sectors for request in found) * SECTOR // page
    return Derived(title, read, "pages", arm)


def by(tasks: Iterable[str], who: str) -> tuple[Quantity, Quantity, Quantity]:
    """Makes the quantity, and its references: with swap, and with a file whose blocks are not allocated."""
    return (written(tasks, f"dirty file pages that {who} itself wrote in a shortage", SHORT),
            written(tasks, f"anonymous pages that {who} itself wrote to swap", SWAPPED, "swap"),
            written(tasks, f"pages that {who} itself wrote of a file without blocks", SHORT, arm=NEW))


def looked_at(arm: str) -> Quantity:
    kswapd, direct, aside = (Change(f"vmstat:{name}", "dirty", "short", arm)
                             for name in ("pgscan_kswapd", "pgscan_direct", "pgrefill"))
    return (kswapd + direct + aside).called(f"pages that reclaim looked at in the shortage ({arm})", "pages")


HALF = pages(DIRTY // 2)
RECLAIM_WROTE, SWAP_WROTE, NEW_WROTE = by(RECLAIM_TASKS, "reclaim")
KSWAPD_WROTE, KSWAPD_SWAP, KSWAPD_NEW = by(KSWAPD, "kswapd")
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(SLOW, SWAP), changes=("mount", "swap", "sysctl"), throwaway=True),
    settings=Settings(overcommit=1),
    arms=(OVER, NEW),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    version=5,
    besides=tuple(one for claim in (MOST, KSWAPD_WRITES) for one in (
        Besides(claim, Change("vmstat:nr_written", "dirty", "short", OVER), AtLeast(1),
                "The flusher threads and reclaim together wrote {value} pages meanwhile."),
        Besides(claim, Change("vmstat:nr_written", "dirty", "short", OVER), Exactly(0),
                "Nobody wrote a page of them meanwhile."))),
    guards=(
        # A kernel may kill who asks before the disk has taken many (6.12, both LRUs), or any (6.1, MGLRU): that reclaim met them
        # is enough. What MGLRU puts aside because it is dirty counts in pgrefill (mm/vmscan.c, scan_folios; v6.1, v6.12).
        *(Guard(looked_at(arm), AtLeast(pages(DIRTY // 2)), "reclaim must look at as many pages as most of the dirty ones are")
          for arm in (OVER, NEW)),
        *(Guard(Change("vmstat:pageoutrun", "dirty", "short", arm), AtLeast(1), "memory must run short: kswapd at work")
          for arm in (OVER, NEW))),
    expects=(
        Expect(MOST, RECLAIM_WROTE, if_true=AtLeast(HALF + 1, "“most”: more than half"), if_false=AtMost(HALF, "half, or less"),
               reads_true=SWAP_WROTE, reads_false=NEW_WROTE,
               says=f"In a shortage with {DIRTY // MIB} MiB of dirty file pages reclaim itself wrote {{value}} of them."),
        Expect(KSWAPD_WRITES, KSWAPD_WROTE, if_true=AtLeast(1, "one page shows that it can"),
               if_false=Exactly(0, "all was written by others"), reads_true=KSWAPD_SWAP, reads_false=KSWAPD_NEW,
               says=f"kswapd itself wrote {{value}} of the dirty pages, to a disk of {(SLOW.rate or 0) // 10**6} MB/s with a "
                    f"queue of {REQUESTS} requests, at dirty ratios of 95 and 99 %."),
    ),
)
