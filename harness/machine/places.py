"""Places for guests: as many run at once on this host as it has processors, over all runs of a user together.

A guest without hardware virtualisation fills a processor. More of them than processors make every deadline and every
timing worthless (measured on 2 processors: at load 20 a trial of 2 s took 60 s).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from harness import cache
from harness.machine.qemu import fleet


@contextmanager
def place() -> Iterator[None]:
    """Waits for a free place and keeps it; the kernel frees it when its holder dies. Raises MachineLost once the run
    is interrupted."""
    directory = cache.directory("places")
    with ExitStack() as kept:
        # Who has just given a place back would take it again before a sleeper looks, trial for trial (measured: a run
        # waited for 6 minutes beside two of many short trials): only the one whose turn it is looks for a place.
        with open(directory / "turn", "w") as turn:
            _lock_one([turn])
            _lock_one([kept.enter_context(open(directory / str(number), "w")) for number in range(os.cpu_count() or 1)])
        yield


def _lock_one(files: list[IO[str]]) -> None:
    while True:
        fleet.check()
        for file in files:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        time.sleep(0.005)
