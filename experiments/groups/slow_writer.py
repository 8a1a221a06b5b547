"""Is a process killed in its memory group because the disk is slower than it writes?

A process in a group of 16 MiB without swap writes 64 MiB of a new file to a disk of 8 MiB/s: all that the group is charged for
is dirty page cache of its own, which nobody can drop before the disk has it. The group's memory.events tells whether somebody
was killed. Anonymous memory of the same size, which can go nowhere, and a file that fits show how the answers read.
"""

import os
from collections.abc import Callable

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, GIB, MIB, REFUTED, AtLeast, Case, Claim, Counter, Disk, Exactly, Known, Needs, Premise, Quantity, Small, table,
)
from harness.lab import Lab, Probe

LIMIT, LARGE, SMALL = 16 * MIB, 64 * MIB, 4 * MIB
SLOW = Disk("disk", "ext4", 1 * GIB, rate=8 * MIB)

WRITE = Claim(
    "memcg-slow-write-ooms", "A process that writes a new file to a slow disk (8 MiB/s), four times as large as its group's "
    "memory.max (16 MiB), is OOM-killed for its own dirty page cache.", GROUPS,
    known=(Known(REFUTED, "mm/vmscan.c, sort_folio (v6.1): MGLRU puts dirty file pages aside until they are written; measured "
                          "on 6.1", until="6.2", settings={"lru": "mglru"}),
           Known(CONFIRMED, "mm/vmscan.c, evict_folios: of what reclaim met MGLRU counts only what waits for no disk yet, so "
                            "that shrink_node never waits for what is under way (v6.12); measured on 6.12.118 to 6.18",
                 since="6.12", until="6.19", settings={"lru": "mglru"}),
           Known(REFUTED, "mm/vmscan.c, evict_folios: handle_reclaim_writeback counts as for the classic lists (v7.2); measured "
                          "on 7.2 and 7.3", since="7.2", settings={"lru": "mglru"}),
           Known(REFUTED, "mm/vmscan.c, shrink_inactive_list counts what is dirty and under way, and shrink_node waits where it "
                          "is all (v5.10 to v7.2); mm/page-writeback.c, balance_dirty_pages holds the writer back (v5.10 to "
                          "v7.2)", settings={"lru": "classic"})),
    discovery="Under MGLRU a process is killed for a file that it writes, on 6.12 to 6.18: not on 6.1, nor on 7.2 and 7.3, "
              "nor with the classic LRU. All that its group is charged for is dirty page cache that the disk has not got yet, "
              "and reclaim has to wait for it. With the classic lists it does: mm/vmscan.c, shrink_inactive_list counts what "
              "is under way, and shrink_node pauses where that is all (VMSCAN_THROTTLE_CONGESTED). evict_folios (v6.12) "
              "counts only the pages that are not yet under way, so the pause never comes and the OOM killer does; in v7.2 "
              "both call handle_reclaim_writeback.",
    instead="Switch MGLRU off on 6.12 to 6.18 (echo n >/sys/kernel/mm/lru_gen/enabled) where small groups write large files to a "
            "slow disk, or give them more memory. Elsewhere reclaim waits for the disk, and nothing is killed.")


def write(probe: Probe, path: str, size: int) -> None:
    probe.attempt.write(probe.open(path, os.O_RDWR | os.O_CREAT).value, size)


def fill(probe: Probe, path: str, size: int) -> None:
    memory = probe.map(size)
    probe.attempt.fill(memory.address, size)


def in_a_group(do: Callable[[Probe, str, int], object], size: int, words: str) -> Case:
    def run(lab: Lab, at: str) -> None:
        do(lab.probe(at, lab.sandbox(at, memory_max=LIMIT, memory_swap_max=0)), f"{lab.mount_disk()}/{at}", size)
        lab.sample(at)
    return Case(words, run)


def killed(at: str) -> Quantity:
    return Counter(f"{at}/memory.events:oom_kill", at)


EXPERIMENT = table(
    Small(WRITE, "kills", in_a_group(write, LARGE, "after 64 MiB of a file were written"),
          in_a_group(fill, LARGE, "after 64 MiB of memory were filled"),
          in_a_group(write, SMALL, "after 4 MiB of a file were written"), of=killed, unit="kills",
          if_true=AtLeast(1, "a process was killed"), if_false=Exactly(0, "none was"),
          says="Writing a file to a slow disk, four times as large as memory.max, killed {value} processes."),
    axes={"lru": ("classic", "mglru")},
    premises=(Premise(WRITE, Counter(f"{WRITE.id}.asked/memory.events:max", f"{WRITE.id}.asked"), AtLeast(1),
                      "the limit was not reached"),),
    needs=Needs(memory=512 * MIB, disks=(SLOW,), changes=("mount",)),
)
