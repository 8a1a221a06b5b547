"""Slots for guests: two for each processor of this host, over all runs of a user together.

A guest that works without hardware virtualisation fills a processor, but for two fifths of the time it sleeps or waits
for Python (measured over the catalogue). Many more of them make every deadline worthless (measured on 2 processors: at
load 20 a trial of 2 s took 60 s).
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
from harness.errors import LabError
from harness.linux import counters
from harness.machine.processes import fleet

PAUSE = 0.005  # seconds between two looks
# Whoever is ahead has a slot for a trial, which has a deadline of its own; who waits longer for one other waits for
# somebody who is not at it any more: stopped, or lost.
STUCK_SECONDS = 3600


def count(timed: bool = False) -> int:
    """Says how many guests this host runs at once."""
    return (os.cpu_count() or 1) * (1 if timed else 2)


def memory_available() -> int:
    """Gives how much memory guests could be given now, in bytes: MemAvailable of /proc/meminfo, the kernel's own estimate of
    what is free or can be made free without swapping. MemFree leaves out the page cache, nearly all of which can be."""
    return counters.keyed(Path("/proc/meminfo").read_bytes())["MemAvailable"] * 1024


@contextmanager
def acquire(timed: bool = False) -> Iterator[None]:
    """Waits for a free slot and holds it. `timed`: what time would spoil runs beside none but its like, each on a
    processor of its own, over all runs. The kernel frees what a dead holder had. Raises MachineLost once the run is
    interrupted."""
    directory = cache.directory("slots")
    with ExitStack() as kept:
        ordinary, others = (kept.enter_context(open(directory / name, "w")) for name in ("ordinary", "timed"))
        ours, theirs = (others, ordinary) if timed else (ordinary, others)
        # Only the one whose turn it is enters: once nobody of the other kind is left, it marks that its own kind is
        # there, and takes the next slot that is given back. Who has entered waits for no other.
        with _turn(directory):
            _lock_one([theirs])
            fcntl.flock(ours, fcntl.LOCK_SH)
            fcntl.flock(theirs, fcntl.LOCK_UN)
            _lock_one([kept.enter_context(open(directory / str(number), "w")) for number in range(count(timed))])
        yield


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    """Waits for this one's turn and keeps it: one at a time, first come, first served.

    Who has just given a slot back would take it again before a sleeper looks, trial for trial (measured: a run waited
    for 6 minutes beside two of many short trials); and where everybody may be next, a timed one waits for 5 minutes in a
    crowd of eight.
    """
    queue = cache.directory("slots", "queue")
    ticket = queue / f"{time.monotonic_ns():020}.{os.getpid()}.{threading.get_ident()}"
    ahead = sorted(other for other in queue.iterdir() if other.name < ticket.name)
    with open(ticket, "w") as held, open(directory / "turn", "w") as turn:
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            for other in ahead:
                holder = f"process {other.name.split('.')[1]}"
                for _ in _looks(f"{holder}, which came first, to have one"):
                    if not _waits(other):
                        break
            _lock_one([turn])  # two who came at once have not seen each other
            yield
        finally:
            ticket.unlink(missing_ok=True)


def _waits(ticket: Path) -> bool:
    """Says whether a ticket's holder still lives and waits; removes the ticket of a dead one."""
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
    """Waits until one of these files can be locked, and locks it."""
    for _ in _looks("one of them to come free"):
        for file in files:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue


def _looks(what: str) -> Iterator[None]:
    """Yields now and then, while the run lasts. Raises LabError after STUCK_SECONDS. what: is waited for."""
    deadline = time.monotonic() + STUCK_SECONDS
    while time.monotonic() < deadline:
        fleet.check()
        yield
        time.sleep(PAUSE)
    raise LabError("slots for guests", f"waited {STUCK_SECONDS} s for {what}", "end the run that holds them")
