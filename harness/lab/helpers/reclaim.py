"""Pushing memory out to swap, and telling what of a file is there."""

from __future__ import annotations

import os
from collections.abc import Sequence

from harness.procedure import Lab, Probe, Sandbox


def swap_out(lab: Lab, box: Sandbox, left: int = 0) -> int:
    """Squeezes a group until the machine's swap cache holds `left` bytes, ten times at most: what it holds then.

    Pages whose write to swap has not ended, or which wait in a per-cpu batch of the LRU, stay in the swap cache, and the
    next squeeze frees them. 5.10 keeps a few however often it is squeezed (measured: up to 7 pages in 3 of 21 trials):
    they are alone on the active list, which mm/vmscan.c, shrink_lruvec scans only beside others, and inactive_is_low
    does not see so few of a group, whose counters are folded in batches of 32."""
    for _ in range(10):
        box.set("memory.high", "0")
        if lab.counter("meminfo:SwapCached") <= left:
            break
        lab.drain_lru()
    box.set("memory.high", "max")
    return lab.counter("meminfo:SwapCached")


def tmpfs_files(lab: Lab, box: Sandbox, names: Sequence[str], size: int, user: Probe) -> dict[str, int]:
    """tmpfs files of these names, written by a process of the group that has gone: name → `user`'s descriptor.

    size: bytes. "NAME/smaps_rollup:Swap" is what of a file is in swap: a process maps it and touches nothing.
    """
    directory, writer = lab.mount_tmpfs(), lab.probe("writer", box)
    files = {name: user.open(f"{directory}/{name}", os.O_RDWR | os.O_CREAT).value for name in names}
    for name in names:
        writer.write(writer.open(f"{directory}/{name}").value, size)
        watcher = lab.probe(name)
        watcher.map(size, shared=True, fd=watcher.open(f"{directory}/{name}").value)
    writer.end()
    return files
