"""Pushing all that a group holds out to swap."""

from __future__ import annotations

from harness.procedure import Lab, Sandbox


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
