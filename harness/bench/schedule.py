"""How well a matrix keeps its processors busy: the scheduling of trials in simulated time, by what cells took when they ran.

What decides is the very code that runs decide by: the order of cells and trials (harness/run/order.py), how many machines live
and are launched ahead (harness/run), and who may work next (harness/machine/turns.py). Time is simulated, and nothing else runs.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import errors
from harness.errors import UsageError
from harness.evidence import recording, run_directory
from harness.evidence.schema import Row
from harness.machine import turns
from harness.machine.turns import Ticket
from harness.reports.comparison.rows import REFERENCE
from harness.run import order
from harness.run.run import Jobs
from harness.run.trial import launched_ahead

WORKERS = (2, 4, 16, 64)
LIMIT = 0.85
LAUNCH = 0.2  # seconds to launch a machine and load its snapshot, without hardware virtualisation
PER_WORKER = 3  # processors, as docs/cluster.md advises
A_MACHINE = 4  # workers

Stretch = tuple[str, float]  # "ordinary", "quiet" or "aside", and for how many seconds (harness/machine/slots.py)
Process = Generator[Callable[[Callable[[], None]], None], None, None]


@dataclass(frozen=True)
class Recorded:
    """A cell as it ran: the stretches of each arm of each trial."""

    experiment: str
    series: str
    trials: tuple[tuple[tuple[Stretch, ...], ...], ...]

    @property
    def alone(self) -> float:
        """Gives the seconds that it takes on a machine of its own: its trials run side by side there."""
        return max(sum(seconds for arm in trial for _, seconds in arm) + LAUNCH * len(trial) for trial in self.trials)

    @property
    def longest(self) -> float:
        """Gives the seconds of its longest trial, whose arms come one after the other."""
        return max(sum(seconds for arm in trial for _, seconds in arm) for trial in self.trials)

    @property
    def work(self) -> float:
        return sum(seconds for trial in self.trials for arm in trial for how, seconds in arm if how != "aside")


def of_rows(rows: Iterable[Row]) -> list[Recorded]:
    """Makes cells of a run's rows: of how a trial went these tell nothing but how long it took."""
    found: dict[str, Recorded] = {}
    for row in rows:
        if row["seconds"] is not None:
            stretch: Stretch = ("ordinary", row["seconds"] / max(1, row["trials"]))
            key = f"{row['experiment']} {row['kernel']} {sorted(row['settings'].items())}"
            found.setdefault(key, Recorded(row["experiment"], row["series"], (((stretch,),),) * row["trials"]))
    return list(found.values())


def of_run(run: Path) -> list[Recorded]:
    """Reads the cells of a run with all that its recordings tell of their stretches. Raises UsageError where they tell none."""
    found = []
    for directory in sorted(path.parent for path in run.glob("experiments/*/cell.json")):
        cell = run_directory.read_cell(directory)
        trials: dict[str, list[tuple[Stretch, ...]]] = defaultdict(list)
        for path in sorted(directory.glob("trial-*.jsonl.zst")):
            for event in recording.read(path).events:
                if event["event"] == "cost" and event.get("stretches"):
                    trials[path.name.split(".")[0]].append(tuple((how, seconds) for how, seconds in event["stretches"]))
        if trials:
            found.append(Recorded(cell["experiment"], cell["series"], tuple(tuple(arms) for arms in trials.values())))
    if not found:
        raise UsageError(f"run {run.name}", "its recordings tell no stretches", "take a run of guests of this version")
    return found


class Clock:
    """Simulated time, and what happens in it: processes that say what they wait for, one thing after the other."""

    def __init__(self) -> None:
        self.now = self.ended = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), act))

    def spawn(self, process: Process, over: Callable[[], None] = lambda: None) -> None:
        """Lets a process go on whenever what it waits for calls it back."""

        def go_on() -> None:
            try:
                wait = next(process)
            except StopIteration:
                self.ended = self.now
                return over()
            wait(go_on)

        self.after(0, go_on)

    def sleeping(self, seconds: float) -> Callable[[Callable[[], None]], None]:
        return lambda go_on: self.after(seconds, go_on)

    def run(self) -> float:
        """Lets everything happen, and gives when the last process ended."""
        while self._events:
            self.now, _, act = heapq.heappop(self._events)
            act()
        return self.ended


class Tokens:
    """What so many at once may have, first come, first served: a semaphore, or a pool's threads."""

    def __init__(self, clock: Clock, number: int) -> None:
        self._clock, self._free = clock, number
        self._waiting: list[Callable[[], None]] = []

    def taking(self, go_on: Callable[[], None]) -> None:
        if self._free:
            self._free -= 1
            self._clock.after(0, go_on)
        else:
            self._waiting.append(go_on)

    def give_back(self) -> None:
        if self._waiting:
            self._clock.after(0, self._waiting.pop(0))
        else:
            self._free += 1


class Host:
    """The slots of one machine."""

    def __init__(self, clock: Clock, processors: int) -> None:
        self._clock, self._processors = clock, processors
        self._tickets: dict[str, Ticket] = {}
        self._waiting: dict[str, Callable[[], None]] = {}
        self._numbers = itertools.count()

    @property
    def _now(self) -> int:
        return round(self._clock.now * 1e9)

    def ticket(self, run: str, at_once: int) -> Ticket:
        """Gives the ticket with which a trial comes."""
        number = next(self._numbers)
        return Ticket(self._now * 1000 + number, self._now, str(number), run, at_once)

    def entering(self, ticket: Ticket, *, quiet: bool) -> Callable[[Callable[[], None]], None]:
        def ask(go_on: Callable[[], None]) -> None:
            self._tickets[ticket.who] = replace(ticket, since=self._now, quiet=quiet)
            self._waiting[ticket.who] = go_on
            self._look()
            if quiet:
                self._clock.after(turns.GATHERING / self._processors / 1e9, self._look)

        return ask

    def leave(self, ticket: Ticket) -> None:
        del self._tickets[ticket.who]
        self._look()

    def _look(self) -> None:
        for ticket in turns.admitted(self._tickets.values(), self._processors, self._now):
            self._tickets[ticket.who] = replace(ticket, works=True)
            self._clock.after(0, self._waiting.pop(ticket.who))


def trial(clock: Clock, host: Host, arms: Sequence[Sequence[Stretch]], run: str, at_once: int, ahead: Tokens) -> Process:
    """Goes the way of a trial: launched, waiting for a place, at work, asleep (harness/run/trial.py, open_machine)."""
    for stretches in arms:
        ticket = host.ticket(run, at_once)
        yield ahead.taking
        yield clock.sleeping(LAUNCH)
        launched = True
        for how, seconds in stretches:
            if how != "aside":
                yield host.entering(ticket, quiet=how == "quiet")
            if launched:
                ahead.give_back()
                launched = False
            yield clock.sleeping(seconds)
            if how != "aside":
                host.leave(ticket)


def here(cells: Sequence[Recorded], workers: int) -> float:
    """Simulates a run on one machine with a processor for each worker (harness/run/run.py, run_cells); gives its seconds."""
    clock = Clock()
    host, jobs = Host(clock, workers), Jobs.of(workers)
    threads, ahead = Tokens(clock, jobs.alive), Tokens(clock, launched_ahead(jobs.working))

    def thread(arms: Sequence[Sequence[Stretch]]) -> Process:
        yield threads.taking
        yield from trial(clock, host, arms, "run", jobs.working, ahead)
        threads.give_back()

    for place, number in order.in_turns([len(cell.trials) for cell in cells]):
        clock.spawn(thread(cells[place].trials[number - 1]))
    return clock.run()


def elsewhere(cells: Sequence[Recorded], workers: int) -> float:
    """Simulates a run on a cluster (harness/run/run.py, send_cells): each worker takes a cell, whose trials run side by side
    (harness/run/remote.py, run_cell); gives its seconds. Who has least to do gets the next one: each machine one before any has
    two."""
    clock = Clock()
    hosts = [Host(clock, PER_WORKER * A_MACHINE) for _ in range(-(-workers // A_MACHINE))]
    to_come = iter(cells)

    def worker(number: int) -> Process:
        for cell in to_come:
            over = Tokens(clock, 0)
            for arms in cell.trials:
                many = len(cell.trials)
                process = trial(clock, hosts[number % len(hosts)], arms, f"{number}", many, Tokens(clock, many))
                clock.spawn(process, over.give_back)
            for _ in cell.trials:
                yield over.taking

    for number in range(workers):
        clock.spawn(worker(number))
    return clock.run()


@dataclass(frozen=True)
class Simulated:
    """A run in simulated time. seconds: how long it took. busy: the share of that for which its workers worked. efficient:
    how near it came to the best that there can be, which takes no less than its longest trial."""

    where: str
    workers: int
    seconds: float
    busy: float
    efficient: float

    @classmethod
    def of(cls, where: str, workers: int, seconds: float, work: float, longest: float) -> Simulated:
        return cls(where, workers, seconds, work / workers / seconds, max(work / workers, longest) / seconds)

    def __str__(self) -> str:
        missed = "" if self.efficient >= LIMIT else f", less than {LIMIT:.0%}"
        return (
            f"{self.where:11} {self.workers:3} workers: {self.seconds:9,.1f} s, busy {self.busy:6.1%}, "
            f"{self.efficient:6.1%} of what can be{missed}"
        )


def simulated(cells: Sequence[Recorded], times: order.Times) -> Iterator[Simulated]:
    """Simulates a run of these cells with so many workers, on one machine and on a cluster."""
    longest = max(cell.longest for cell in cells)
    ordered = order.slow_first(cells, lambda cell: times.of(cell.experiment, cell.series))
    work, alone = sum(cell.work for cell in cells), sum(cell.alone for cell in cells)
    for workers in WORKERS:
        yield Simulated.of("one machine", workers, here(ordered, workers), work, longest)
    for workers in WORKERS:
        yield Simulated.of("a cluster", workers, elsewhere(ordered, workers), alone, longest)


def run(recorded: Path | None) -> int:
    """Prints how long the cells of a run, or of the published matrix, take with so many workers, and how busy these are."""
    cells = of_run(recorded) if recorded else of_rows(run_directory.read_verdicts(REFERENCE)["verdicts"])
    what = f"run {recorded.name}" if recorded else "the published matrix"
    work, longest = sum(cell.work for cell in cells), max(cell.longest for cell in cells)
    print(f"{len(cells)} cells of {what}: their guests work for {work:,.0f} s, the longest trial takes {longest:,.1f} s")
    for one in simulated(cells, order.published()):
        print(f"  {one}")
    return errors.AS_KNOWN
