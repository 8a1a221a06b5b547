"""Places for guests: as many run at once on this host as it has processors, over all runs of a user together.

A guest without hardware virtualisation fills a processor. More of them than processors make every deadline and every
timing worthless (measured on 2 processors: at load 20 a trial of 2 s took 60 s).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness import cache
from harness.machine.qemu import fleet


@contextmanager
def place() -> Iterator[None]:
    """Waits for a free place and keeps it; the kernel frees it when its holder dies. Raises MachineLost once the run
    is interrupted."""
    directory = cache.directory("places")
    while True:
        fleet.check()
        for number in range(os.cpu_count() or 1):
            with open(directory / str(number), "w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        time.sleep(0.02)
