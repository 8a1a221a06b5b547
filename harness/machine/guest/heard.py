"""A guest that boots with all its log on the console: it is given up once it falls silent, however slowly it goes on."""

from __future__ import annotations

import time

from harness.agent.agent import patience
from harness.machine.guest.process import Qemu

# The longest silence of a boot is that of a kernel that unpacks itself: a second or two on a quiet host, without KVM.
SILENCE_SECONDS = 30


class Heard:
    """A booting guest of which something has to be heard again and again. first: seconds until its first word."""

    def __init__(self, process: Qemu, first: float = SILENCE_SECONDS) -> None:
        self._process, self._first = process, first
        self.socket, self.lost = process.socket, process.lost
        self._size, self._since = 0, time.monotonic()

    def look(self) -> None:
        """Raises MachineLost for a guest whose console has been silent for too long."""
        self._process.look()
        size = self._process.console.stat().st_size
        if size != self._size:
            self._size, self._since = size, time.monotonic()
        limit = SILENCE_SECONDS if size else self._first
        if time.monotonic() - self._since > patience(limit):
            raise self.lost(f"it has said nothing for {limit} s")
