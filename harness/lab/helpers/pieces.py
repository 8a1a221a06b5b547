"""More address space than mode 0 grants at once: mapped piece by piece, as one mapping in the end or as many."""

from __future__ import annotations

from harness.agent.operations import ANONYMOUS, FIXED, NORESERVE, PRIVATE
from harness.procedure import Lab, Probe, Region


def map_in_pieces(lab: Lab, probe: Probe, size: int, count: int, *, apart: bool) -> Region:
    """Maps `size` bytes of private memory in `count` pieces. The kernel makes one mapping of neighbours, unless
    (apart) a page between them is left out. Records the pages of the process's largest mapping."""
    piece = size // count // lab.page_size * lab.page_size
    step = piece + (lab.page_size if apart else 0)
    # A page above stays free: there lies libc's memory, and where a piece joins it 6.1 does not join the piece below.
    room = probe.map(count * step + lab.page_size, write=False, flags=NORESERVE)
    room.unmap()
    for index in range(count):
        probe.mmap(piece, address=room.address + index * step, flags=PRIVATE | ANONYMOUS | FIXED)
    lab.record(f"{probe.name}: largest mapping", max(mapping.length for mapping in lab.mappings(probe)) // lab.page_size)
    return room
