"""Places for guests: as many run at once on this host as it has processors, over all runs of a user together.

A guest without hardware virtualisation fills a processor. More of them than processors make every deadline and every
timing worthless (measured on 2 processors: at load 20 a trial of 2 s took 60 s).
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from harness import cache
from harness.machine.qemu import fleet

PAUSE = 0.005           # seconds between two looks


@contextmanager
def place(alone: bool = False) -> Iterator[None]:
    """Waits for a free place and keeps it, or, `alone`, for all of them, so that no guest of any run goes on beside
    this one; the kernel frees them when their holder dies. Raises MachineLost once the run is interrupted."""
    directory = cache.directory("places")
    with ExitStack() as kept:
        # Only the one whose turn it is takes places. So who wants all gets them one by one as they are given back:
        # nobody takes one from under it, and who has one waits for no other.
        with _turn(directory):
            places = [kept.enter_context(open(directory / str(number), "w")) for number in range(os.cpu_count() or 1)]
            for choice in [[one] for one in places] if alone else [places]:
                _lock_one(choice)
        yield


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    """One at a time, first come, first served. Who has just given a place back would take it again before a sleeper
    looks, trial for trial (measured: a run waited for 6 minutes beside two of many short trials); and where everybody
    may be next, one who wants all places waits for 5 minutes in a crowd of eight."""
    queue = cache.directory("places", "queue")
    ticket = queue / f"{time.monotonic_ns():020}.{os.getpid()}.{threading.get_ident()}"
    ahead = sorted(other for other in queue.iterdir() if other.name < ticket.name)
    with open(ticket, "w") as held, open(directory / "turn", "w") as turn:
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            for other in ahead:
                while _waits(other):
                    fleet.check()
                    time.sleep(PAUSE)
            _lock_one([turn])       # two who came at once have not seen each other
            yield
        finally:
            ticket.unlink(missing_ok=True)


def _waits(ticket: Path) -> bool:
    """Whether its holder still lives and waits; the ticket of a dead one is removed."""
    try:
        with open(ticket) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    ticket.unlink(missing_ok=True)
    return False


def _lock_one(files: Sequence[IO[str]]) -> None:
    while True:
        fleet.check()
        for file in files:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
        time.sleep(PAUSE)
