"""Places for guests: as many run at once on this host as it has processors, over all runs of a user together.

A guest without hardware virtualisation fills a processor. More of them than processors make every deadline and every
timing worthless (measured on 2 processors: at load 20 a trial of 2 s took 60 s).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO

from harness import cache
from harness.machine.qemu import fleet


@contextmanager
def place(alone: bool = False) -> Iterator[None]:
    """Waits for a free place and keeps it, or, `alone`, for all of them, so that no guest of any run goes on beside
    this one; the kernel frees them when their holder dies. Raises MachineLost once the run is interrupted."""
    directory = cache.directory("places")
    with ExitStack() as kept:
        # Who has just given a place back would take it again before a sleeper looks, trial for trial (measured: a run
        # waited for 6 minutes beside two of many short trials): only the one whose turn it is looks for a place. So
        # who wants all of them gets them one by one as they are given back: nobody takes one from under it, and who
        # has one waits for no other.
        with open(directory / "turn", "w") as turn:
            _lock_one([turn])
            places = [kept.enter_context(open(directory / str(number), "w")) for number in range(os.cpu_count() or 1)]
            for choice in [[one] for one in places] if alone else [places]:
                _lock_one(choice)
        yield


def _lock_one(files: Sequence[IO[str]]) -> None:
    while True:
        fleet.check()
        for file in files:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        time.sleep(0.005)
