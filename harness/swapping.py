"""Pushing memory out to swap, and telling what of a file is there."""

from __future__ import annotations

import os
from collections.abc import Sequence

from harness.procedure import Lab, Probe, Sandbox


def swap_out(lab: Lab, box: Sandbox) -> None:
    """Squeezes a group until nothing is left in the swap cache: pages whose write to swap has not ended, or which
    wait in a per-cpu batch of the LRU, stay there, and the next squeeze frees them. Raises LabError if some stay."""
    for _ in range(10):
        box.set("memory.high", "0")
        if not lab.counter("meminfo:SwapCached"):
            break
        lab.drain_lru()
    else:
        lab.require(False, f"the swap cache is empty once {box.name} was squeezed")
    box.set("memory.high", "max")


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
