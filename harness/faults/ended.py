"""Runs ended at random moments, in every way that a user or a system ends them: nothing may be left.

What SIGKILL leaves half made is found and removed by the next command; what is counted is what is there after that.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.faults.commands import left_over, machines, own_cache, run_words, started
from harness.faults.shown import Asked, Shown

TERMINAL = "closed terminal"
WAYS = ("KILL", "TERM", "INT", "HUP", TERMINAL)
STATUS = {"KILL": -9, "TERM": 143, "INT": 130, "HUP": 129, TERMINAL: 129}
TOGETHER = 20  # rounds that are told together
FRESH = 3  # every so many rounds the snapshots are removed first: making one is the longest part of a run
ENDING_SECONDS = 60
LONGEST = 600


@dataclass(frozen=True)
class Round:
    """One run that was ended. seconds: after which; took: until it was over; status: as Popen has it; begun: whether it had
    made its directory; whole: whether its report was there."""

    way: str
    seconds: float
    took: float
    status: int
    begun: bool
    whole: bool
    left: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Says whether it ended as it should: by its own status, or whole. While Python itself starts or ends, the signal's
        default ends it, and Ctrl-C at its start with Python's own traceback: before tasks.py is loaded, and once Python has
        put its handlers away, nothing of ours can answer."""
        default = set() if self.begun and not self.whole else {128 - STATUS[self.way]}
        early = set() if self.begun or self.way != "INT" else {1}
        return self.status in {0, STATUS[self.way], *default, *early} and not self.left


def show(asked: Asked) -> Iterator[Shown]:
    """Ends so many runs, in turn in each way; then a whole run must give its verdict, and nothing else be there."""
    chance = random.Random(asked.seed)  # noqa: S311 - moments, no secret
    slowest = 0.0
    with own_cache(asked.into) as place:
        for first in range(0, asked.count, TOGETHER):
            rounds = []
            began = time.monotonic()
            started(asked.into, place, *run_words(asked.into / "runs")).wait(LONGEST)
            longest = time.monotonic() - began  # anew, for this host may be busier by now
            for number in range(first, min(first + TOGETHER, asked.count)):
                if number % FRESH == 0:
                    shutil.rmtree(place / "snapshots", ignore_errors=True)
                rounds.append(one_round(WAYS[number % len(WAYS)], chance.uniform(0, longest), asked.into, place))
            slowest = max(slowest, *(one.took for one in rounds if one.way != "KILL"), 0.0)
            yield told(rounds)
        last = started(asked.into, place, *run_words(asked.into / "runs")).wait(LONGEST)
        left = left_over(asked.into, place)
        torn = unreadable(asked.into)
    yield Shown("the slowest end", slowest < ENDING_SECONDS, f"{slowest:.1f} s after its signal")
    yield Shown("a whole run after all", last == 0, f"status {last}")
    yield Shown("left behind", not left and not torn, ", ".join(left + torn) or "nothing")


def told(rounds: Sequence[Round]) -> Shown:
    """Says what came of some rounds, and of each that is not as it should be."""
    ways = Counter(one.way for one in rounds)
    wrong = [one for one in rounds if not one.holds]
    return Shown(
        f"{len(rounds)} runs ended ({', '.join(f'{count} {way}' for way, count in ways.items())})",
        not wrong,
        f"{sum(one.begun for one in rounds)} had begun, {len(wrong)} are not as they should be"
        + "".join(
            f"\n    {one.way} after {one.seconds:.2f} s: status {one.status}, left: {', '.join(one.left)}" for one in wrong
        ),
    )


def one_round(way: str, seconds: float, into: Path, place: Path) -> Round:
    """Starts a run, ends it, and looks which of its processes are left."""
    before = set(into.glob("runs/*"))
    run, terminal = begun(way, into, place)
    time.sleep(seconds)
    began = time.monotonic()
    if terminal is not None:
        os.close(terminal)
    else:
        run.send_signal(getattr(signal, f"SIG{way}"))
    try:
        run.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        run.kill()
        run.wait()
    took = time.monotonic() - began
    deadline = time.monotonic() + 5  # the kernel ends the guests of a process that was killed, a moment later
    while machines(into) and time.monotonic() < deadline:
        time.sleep(0.02)
    made = set(into.glob("runs/*")) - before
    whole = any((one / "report.md").exists() for one in made)
    return Round(way, seconds, took, run.returncode, bool(made), whole, tuple(f"process {pid}" for pid in machines(into)))


def begun(way: str, into: Path, place: Path) -> tuple[subprocess.Popen[bytes], int | None]:
    """Starts a run; on a terminal of its own, whose other end is given too, where that is to be closed."""
    words = run_words(into / "runs")
    if way != TERMINAL:
        return started(into, place, *words), None
    ours, theirs = os.openpty()
    try:
        run = started(into, place, *words, terminal=theirs)
    finally:
        os.close(theirs)
    return run, ours


def unreadable(into: Path) -> list[str]:
    """Lists files of runs that are no whole JSON."""
    found = []
    for path in into.glob("runs/**/*.json"):
        try:
            json.loads(path.read_text("utf-8"))
        except ValueError:
            found.append(f"{path} (torn)")
    return found
