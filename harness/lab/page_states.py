"""What each page of a file or of a process's memory is, as raw entries: harness/linux/pages.py reads them."""

from __future__ import annotations

import os
import stat

from harness.agent import wire
from harness.agent.agent import Agent
from harness.agent.constants import READ, SHARED
from harness.agent.operations import numbers
from harness.agent.target import Target
from harness.linux import pages


def read_file(hand: Target, path: str) -> bytes:
    """Asks mincore about a whole file or block device, through a mapping that touches nothing: a byte a page."""
    fd = hand.open(path, os.O_RDONLY).value
    state = numbers(hand.fstat(fd).text)
    size = state[4]
    if stat.S_ISBLK(state[2]):  # stat knows no size of it
        size = int(hand.slurp(f"/sys/class/block/{path.rsplit('/', 1)[-1]}/size").text) * 512
    address = hand.mmap(size, protection=READ, flags=SHARED, fd=fd).value
    vector = hand.mincore(address, size).text
    hand.munmap(address, size)
    hand.close(fd)
    return vector


def read_range(agent: Agent, pid: int, address: int, length: int, page_size: int) -> bytes:
    """Reads a struct page (probes/wire.h) for each page of a process's memory; length and page_size in bytes."""
    step = wire.TEXT_LIMIT // pages.ENTRY_SIZE
    count = -(-length // page_size)
    parts = []
    for first in range(0, count, step):
        wanted = min(step, count - first)
        text = agent.call("pages", pid, address + first * page_size, wanted).text
        if len(text) != wanted * pages.ENTRY_SIZE:
            raise wire.nonsense("pages", f"it was asked for {wanted} and sent {len(text)} bytes")
        parts.append(text)
    return b"".join(parts)
