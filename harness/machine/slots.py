"""Slots for guests: how many of them work at once, over all runs of a user together (harness/machine/turns.py says who).

Each guest that works or waits to has a ticket: a file that it keeps locked, whose name says all. The kernel unlocks what a
dead process had, and the next one who looks removes it.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from harness import cache
from harness.errors import LabError
from harness.linux import counters
from harness.machine import turns
from harness.machine.processes import fleet
from harness.machine.turns import Ticket

PAUSE = 0.005  # seconds between two looks
# A directory's time moves with the kernel's tick, of 10 ms at most: a change that came later in the same one shows by none.
TICK = 20_000_000  # ns
AGAIN = 0.25  # seconds after which one looks though nothing has changed: a process may have died
# Whoever is ahead has a slot for a trial, which has a deadline of its own; who waits longer for one other waits for
# somebody who is not at it any more: stopped, or lost.
STUCK_SECONDS = 3600
_numbers = itertools.count()


def processors() -> int:
    return os.cpu_count() or 1


def count() -> int:
    """Says how many guests this host runs at once."""
    return turns.most(processors())


def memory_available() -> int:
    """Gives how much memory guests could be given now, in bytes: MemAvailable of /proc/meminfo, the kernel's own estimate of
    what is free or can be made free without swapping. MemFree leaves out the page cache, nearly all of which can be."""
    return counters.keyed(Path("/proc/meminfo").read_bytes())["MemAvailable"] * 1024


def _mark() -> str:
    return f"{os.getpid()}-{next(_numbers)}"


@dataclass(frozen=True)
class Share:
    """What one run may have at work: `at_once` guests."""

    at_once: int = sys.maxsize
    name: str = field(default_factory=_mark)


class Place:
    """A guest's place among those that work: had in a `with` block, where it may be left and entered again.

    share: its run's. waited: the seconds that it has waited for it so far. stretches: how it stood (“ordinary”, “quiet” or
    “aside”), and for how many seconds of work or sleep, one after the other.
    """

    def __init__(self, share: Share | None = None, *, quiet: bool = False) -> None:
        self.share, self.quiet = share or Share(), quiet
        self.waited = 0.0
        self.stretches: list[tuple[str, float]] = []
        self._came = time.monotonic_ns()
        self._held: tuple[Path, IO[str]] | None = None
        self._since = time.monotonic()
        self._left = False

    def __enter__(self) -> Place:
        self.enter(self.quiet)
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            self.leave()

    def leave(self) -> None:
        """Gives the place to others."""
        if self._held is None:
            raise RuntimeError("a place is left that nobody had")
        path, file = self._held
        self._held = None
        path.unlink(missing_ok=True)
        file.close()
        self._over("quiet" if self.quiet else "ordinary")
        self._left = True

    def enter(self, quiet: bool, *, waits: bool = True) -> bool:
        """Waits for a place, and says whether it has one. quiet: with a processor for each guest that works meanwhile. waits:
        otherwise it has one only where that is to be had now. Raises MachineLost once the run is interrupted."""
        if self._held is not None:
            raise RuntimeError("a place is entered by one who has one")
        if self._left:
            self._over("aside")
            self._left = False
        began = time.monotonic()
        try:
            self._held = _take(self._came, self.share, quiet, waits)
        finally:
            self.waited += time.monotonic() - began
            self._since = time.monotonic()
        if self._held is not None:
            self.quiet = quiet
        return self._held is not None

    def so_far(self) -> list[tuple[str, float]]:
        """Lists its stretches, with the one that it is in."""
        return [*self.stretches, self._stretch("quiet" if self.quiet else "ordinary")]

    def _stretch(self, how: str) -> tuple[str, float]:
        return how, round(time.monotonic() - self._since, 3)

    def _over(self, how: str) -> None:
        if (stretch := self._stretch(how))[1]:
            self.stretches.append(stretch)
        self._since = time.monotonic()


def _take(came: int, share: Share, quiet: bool, waits: bool) -> tuple[Path, IO[str]] | None:
    """Waits for a slot. Gives the ticket that keeps it, and its locked file."""
    directory = cache.directory("slots")
    queue = cache.directory("slots", "tickets")
    ticket = Ticket(came, time.monotonic_ns(), _mark(), share.name, share.at_once, quiet)
    path = queue / _name(ticket)
    with _alone(directory):
        file = open(path, "w")  # noqa: SIM115 - closed where the place is left
        fcntl.flock(file, fcntl.LOCK_EX)
    try:
        for ahead in _looks(queue):
            with _alone(directory):
                tickets = list(_tickets(queue, path))
                if ticket in turns.admitted(tickets, processors(), time.monotonic_ns()):
                    return path.rename(queue / _name(replace(ticket, works=True))), file
            if not waits:
                break
            ahead.extend(other.who for other in sorted(tickets) if other.who != ticket.who)
    except BaseException:
        _drop(path, file)
        raise
    _drop(path, file)
    return None


def _drop(path: Path, file: IO[str]) -> None:
    path.unlink(missing_ok=True)
    file.close()


def _name(ticket: Ticket) -> str:
    kind, state = "quiet" if ticket.quiet else "ordinary", "works" if ticket.works else "waits"
    return f"{ticket.came}.{ticket.since}.{ticket.who}.{ticket.run}.{ticket.at_once}.{kind}.{state}"


def _tickets(queue: Path, mine: Path) -> Iterator[Ticket]:
    """Yields the tickets of those that live; removes those of the dead."""
    for path in queue.iterdir():
        with suppress(ValueError):  # of another version
            came, since, who, run, at_once, kind, state = path.name.split(".")
            if path == mine or _lives(path):
                yield Ticket(int(came), int(since), who, run, int(at_once), kind == "quiet", state == "works")


def _lives(ticket: Path) -> bool:
    """Says whether a ticket's holder still lives; removes the ticket of a dead one."""
    try:
        with open(ticket) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    ticket.unlink(missing_ok=True)
    return False


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Has nobody else look at the tickets, or take one, during a block."""
    with open(directory / "lock", "w") as lock:
        for _ in _waiting():
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
        yield


def _looks(queue: Path) -> Iterator[list[str]]:
    """Yields when there may be something new, while the run lasts: a list to enter those in who are waited for."""
    seen, looked = -1, 0.0
    for ahead in _waiting():
        now = queue.stat().st_mtime_ns
        if now != seen or time.time_ns() - now < TICK or time.monotonic() - looked >= AGAIN:
            seen, looked = now, time.monotonic()
            ahead.clear()
            yield ahead


def _waiting() -> Iterator[list[str]]:
    """Yields now and then, while the run lasts. Raises LabError after STUCK_SECONDS, which names the first that was entered
    in the list."""
    deadline = time.monotonic() + STUCK_SECONDS
    ahead: list[str] = []
    while time.monotonic() < deadline:
        fleet.check()
        yield ahead
        time.sleep(PAUSE)
    holder = f"process {ahead[0].partition('-')[0]}" if ahead else "one"
    raise LabError("slots for guests", f"waited {STUCK_SECONDS} s for {holder}, which came first", "end the run that holds them")
