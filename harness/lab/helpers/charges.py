"""Charges: which page frames a memory group is charged for, and what its counters may be off."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from harness.agent.operations import numbers
from harness.lab.lab import Lab
from harness.lab.sandbox import Sandbox

# Pages that are charged ahead, and by which memory.stat lags: MEMCG_CHARGE_BATCH (include/linux/memcontrol.h, v6.12); 32 in 5.10.
BATCH = 64
OWNERS = "/proc/kpagecgroup"  # for each frame the inode of the group that is charged for it, 64 bits (pagemap.rst)


def charged(lab: Lab, box: Sandbox, frames: Iterable[int]) -> int:
    """Counts those of some page frames that a group is charged for. A frame that went back to the page allocator is charged
    to nobody (mm/page_alloc.c, free_pages_prepare uncharges it). Skips where the kernel does not tell."""
    if lab.hand.attempt.stat(OWNERS).error:
        lab.skip(f"this kernel has no {OWNERS}")
    owners = array("Q", lab.read_bytes(OWNERS))
    group = numbers(lab.hand.stat(box.path).text)[1]
    return sum(owners[frame] == group for frame in frames)
