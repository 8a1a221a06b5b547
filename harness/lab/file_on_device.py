"""A file as it lies on its block device, whatever the page cache holds of it."""

from __future__ import annotations

import os

from harness.agent.operations import numbers
from harness.agent.target import Target
from harness.errors import LabError


class FileOnDevice:
    """Where the pages of a file lie on its device, found out while the file is clean, and what stands there later.

    Reading the file itself with O_DIRECT would write its dirty pages first (mm/filemap.c, kiocb_write_and_wait).
    Raises LabError where a block of the file system is not a page.
    """

    def __init__(self, hand: Target, path: str, device: str, page_size: int, o_direct: int) -> None:
        self.hand, self.page_size = hand, page_size
        fd = hand.open(path, os.O_RDONLY).value
        if numbers(hand.fstatfs(fd).text)[1] != page_size:
            raise LabError(path, "its blocks are not as large as a page", "use a disk with blocks of a page")
        self.blocks = numbers(hand.fibmap(fd, -(-numbers(hand.fstat(fd).text)[4] // page_size)).text)
        hand.close(fd)
        self.device = hand.open(device, os.O_RDONLY | o_direct).value

    def check(self, seed: int) -> int:
        """Counts its pages that hold the pattern on the device (a hole holds none)."""
        found = first = 0
        while first < len(self.blocks):
            end = first + 1
            while end < len(self.blocks) and self.blocks[end] == self.blocks[first] + end - first:
                end += 1
            if place := self.blocks[first]:
                found += self.hand.check_file(
                    self.device, (end - first) * self.page_size, place * self.page_size, seed, first - place
                ).value
            first = end
        return found
