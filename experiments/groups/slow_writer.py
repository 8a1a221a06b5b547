"""Is a process killed in its memory group because the disk is slower than it writes?

Eight times in a trial a process in a new group of 16 MiB without swap writes 64 MiB of a new file, a MiB at a time, to a disk of
8 MiB/s: what the group is charged for is dirty page cache of its own, which nobody can drop before the disk has it. Eight times
more the group's memory.stat is read after each MiB, which brings the kernel's own count of its dirty pages up to date. A file of
128 MiB that the disk has already stays in the page cache beside: with less of it the group's reclaim would wait for the disk.
Files of 4 MiB, which fit, come first, so that ext4 has looked at the disk; these, and anonymous memory, which can go nowhere,
show how the answers read. memory.events tells who was killed.
"""

import os

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, GIB, MIB, RATE, REFUTED, Claim, Derived, Disk, Events, Exactly, Expect, Experiment, Guard, Known, Needs, Never,
    Once, Recording,
)
from harness.lab import Lab, Probe, Sandbox

LIMIT, LARGE, SMALL, BESIDE, PIECE, WRITES = 16 * MIB, 64 * MIB, 4 * MIB, 128 * MIB, MIB, 8
FITS, FILE, WATCHED, MEMORY = "4 MiB of a file", "64 MiB of a file", "64 MiB of a file, watched", "64 MiB of memory"
SLOW = Disk("disk", "ext4", 1 * GIB, rate=8 * MIB)

EXACT = "mm/memcontrol.c, mem_cgroup_wb_stats: the pause in balance_dirty_pages goes by counts of this moment (v5.10, v6.1)"
STALE = ("mm/memcontrol.c, mem_cgroup_wb_stats: mem_cgroup_flush_stats_ratelimited (v6.12, v7.2): what balance_dirty_pages knows "
         "of the group's dirty pages is up to 4 s old")
HURRIED = ("mm/vmscan.c, skip_throttle_noprogress: the group's reclaim waits for no disk while the node has twice as many pages "
           "to reclaim as are being written (v6.12, v7.2)")
TEXT = ("A process that writes a new file to a slow disk (8 MiB/s), four times as large as its group's memory.max (16 MiB), "
        "beside 128 MiB of clean page cache of others, may be OOM-killed for its own dirty page cache")
COUNT = "(a rate: 8 writes per trial; confirmed if one of them ended so)."
UNSEEN = Claim(
    "memcg-slow-write-ooms", f"{TEXT} {COUNT}", GROUPS, kind=RATE,
    known=(Known(REFUTED, f"{EXACT}; measured on 5.10 and 6.1", until="6.2"),
           Known(CONFIRMED, f"{STALE}; {HURRIED}; measured on 6.12, 6.18, 7.2 and 7.3", since="6.12")),
    discovery="A process is OOM-killed for a file that it writes faster than the disk takes it, unless somebody reads its "
              "group's memory.stat. balance_dirty_pages makes a writer wait before its group is full of dirty pages; but since "
              "“mm: writeback: ratelimit stat flush from mem_cgroup_wb_stats” (2024, between 6.1 and 6.12) the counts that it "
              "goes by may be 4 s old (mm/memcontrol.c, mem_cgroup_flush_stats_ratelimited, v6.12), and in that time the group "
              "is full. Reclaim could wait for the disk, but mm/vmscan.c, skip_throttle_noprogress (v6.12) looks at the clean "
              "pages of the whole node, not of the group, and does not. The commit names stale counts as its risk, which had "
              "not been observed. Reading memory.stat brings them up to date: then the writer waits, as on 6.1.",
    instead="Since 6.12 at the latest, don't leave a writer in a small group to the kernel's throttle: call fdatasync() every "
            "few MiB, or give the group as much memory as it writes in 4 s. Whoever reads memory.stat many times a second "
            "hides it.")
SEEN = Claim(
    "memcg-slow-write-ooms-watched", f"{TEXT} although the group's memory.stat is read after every MiB {COUNT}", GROUPS,
    kind=RATE,
    known=(Known(REFUTED, "mm/memcontrol.c, mem_cgroup_flush_stats brings the counts up to date when memory.stat is read; "
                          "mm/page-writeback.c, balance_dirty_pages then holds the writer back (v6.1 to v7.2); measured on "
                          "6.12 and 7.2"),),
    instead="Look for another reason where memory.stat of the group is read all the time: the kernel makes the writer wait "
            "then.")


def write(probe: Probe, path: str, size: int, watched: Sandbox | None) -> None:
    fd = probe.open(path, os.O_RDWR | os.O_CREAT).value
    for offset in range(0, size, PIECE):
        probe.attempt.write(fd, PIECE, offset)
        if not probe.alive:
            return
        if watched:
            watched.read("memory.stat")


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    lab.hand.write(lab.hand.open(f"{disk}/beside", os.O_RDWR | os.O_CREAT).value, BESIDE)
    lab.sync()
    lab.sample("start")
    for kind in (FITS, FILE, WATCHED, MEMORY):
        lab.record(kind, [limited(lab, kind, f"{disk}/{kind} {number}") for number in range(WRITES)])
    lab.sample("end")


def limited(lab: Lab, kind: str, path: str) -> list[int]:
    """Has a process of a new group do it: how many were killed, and how often the limit was reached. The disk has all then."""
    name = os.path.basename(path)
    with lab.sandbox(name.replace(" ", "-"), memory_max=LIMIT, memory_swap_max=0) as box:
        probe = lab.probe(name, box)
        if kind == MEMORY:
            probe.attempt.fill(probe.map(LARGE).address, LARGE)
        else:
            write(probe, path, SMALL if kind == FITS else LARGE, box if kind == WATCHED else None)
        found = [box.events("oom_kill"), box.events("max")]
    # Removed, so that what lies in the page cache beside is the same for the next writer.
    lab.sync()
    if kind != MEMORY:
        lab.hand.unlink(path)
    return found


def killed(kind: str) -> Events:
    def happened(recording: Recording) -> list[bool] | None:
        found = recording.records.get(kind)
        return None if found is None else [kills > 0 for kills, _ in found]
    return Events(f"processes that were killed for {kind}", happened, WRITES, "processes")


def unlimited(recording: Recording) -> int | None:
    """Groups whose file did not reach the limit: of those that are asked about."""
    found = [recording.records.get(kind) for kind in (FILE, WATCHED)]
    return None if None in found else sum(not reached for groups in found for _, reached in groups or ())


def asked(claim: Claim, kind: str, says: str) -> Expect:
    return Expect(claim, killed(kind), if_true=Once("one process that was killed is enough"), if_false=Never("none was"),
                  reads_true=killed(MEMORY), reads_false=killed(FITS), says=says)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=512 * MIB, disks=(SLOW,), changes=("mount",)),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    deadline=600,                   # 140 s of waiting for the disk at the least
    guards=(Guard(Derived("groups whose file did not reach the limit", unlimited, "groups"), Exactly(0),
                  "what fits is no reason to kill"),),
    expects=(asked(UNSEEN, FILE, "{value} that wrote a file four times as large as memory.max to a slow disk were killed."),
             asked(SEEN, WATCHED, "{value} whose group's memory.stat was read after every MiB were killed.")),
)
