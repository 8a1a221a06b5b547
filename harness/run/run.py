"""The way of the data on one screen: cells → trials on machines → evidence → verdicts → reports."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import errors, interruption
from harness.evidence import run_directory
from harness.evidence.schema import FailureRow, Row
from harness.machine.processes import fleet
from harness.printable import harmless
from harness.reports.report import Report, loaded
from harness.run import heap, order, resume
from harness.run.batch import Batch, submit
from harness.run.cell import Cell
from harness.run.remote import Sent
from harness.run.trial import NO_LIMIT, Limit
from harness.verdicts import classify
from harness.verdicts.judged import Judged, Outcome

# Seconds between two writings of verdicts.json: of a long run, which takes 0.1 s to write, it can be read meanwhile.
SAVED = 20.0


@dataclass
class Run:
    """A run and what came of its cells."""

    directory: Path
    outcomes: list[Outcome] = field(default_factory=list)
    interrupted: bool = False
    saved: float = 0.0  # when verdicts.json was written last, on the monotonic clock

    @property
    def rows(self) -> list[Row]:
        return [row for one in self.outcomes for row in one.rows]

    @property
    def failures(self) -> list[FailureRow]:
        return [failure for one in self.outcomes for failure in one.failures]

    def save(self, seconds: float = 0.0) -> None:
        """Writes verdicts.json of the cells so far, unless that was done less than so many seconds ago."""
        if time.monotonic() - self.saved >= seconds:
            seals = {one.directory.name: one.cell["seal"] for one in self.outcomes if "seal" in one.cell}
            content = run_directory.document(self.directory, self.rows, self.failures, seals)
            run_directory.write_verdicts(self.directory, content)
            self.saved = time.monotonic()

    def status(self, claim: str | None = None) -> int:
        return errors.INTERRUPTED if self.interrupted else classify.status(self.rows, self.failures, claim)


@dataclass(frozen=True)
class Jobs:
    """How many machines work at once, and how many live: those too that sleep, or wait for quiet, or were launched ahead."""

    working: int
    alive: int

    @classmethod
    def of(cls, working: int, held: int = sys.maxsize) -> Jobs:
        """Gives as many again as work, and one, where memory holds them: `held`."""
        return cls(working, max(working + 1, min(2 * working + 1, held)))


class Watch:
    """Hears of a run as it goes; this one says nothing but what is wrong."""

    def planned(self, run: Path, to_run: Sequence[Cell], kept: Sequence[Outcome]) -> None:
        """Hears what is planned, before the first trial; kept: cells that an earlier attempt has finished."""

    def began(self, cell: Cell) -> None:
        """Hears that the first of a cell's trials has begun. Called from the threads of trials."""

    def trial_over(self, cell: Cell) -> None:
        """Hears that a trial of a cell is over. Called from the threads of trials."""

    def done(self, judged: Judged) -> None:
        """Hears that a cell is judged."""

    def damaged(self, cell: Cell, why: str) -> None:
        """Hears, before the first trial, that a finished cell is not as it was written: it is run again."""
        print(harmless(f"{cell.name}: run again: {why}"), file=sys.stderr)

    def ended(self) -> None:
        """Hears that no more trials will run."""


@contextmanager
def ending_pool(workers: int) -> Iterator[Executor]:
    """Gives a pool of threads. Where its block is left by an error, an interruption too, what has not begun by then never
    begins, wherever the block stood: also while trials were still being handed in. An interruption is held back while it
    lives: whoever works with it checks for one."""
    with interruption.held(), ThreadPoolExecutor(workers) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def ordered(planned: Sequence[Cell]) -> list[Cell]:
    """Puts cells in the order in which they begin: by what the published ones took."""
    if len({cell.experiment.name for cell in planned}) < 2:
        return list(planned)
    times = order.published()
    return order.slow_first(planned, lambda cell: times.of(cell.experiment.name, cell.kernel.series))


def run_cells(run: Run, planned: Sequence[Cell], jobs: Jobs, watch: Watch, report: Report) -> None:
    """Runs trials of all cells side by side, those of slow ones first."""
    limit = Limit(jobs.working)
    with ending_pool(jobs.alive) as pool, fleet.running():
        batches = [Batch(cell, run.directory, limit, watch.began, watch.trial_over) for cell in ordered(planned)]
        submit(batches, pool)
        collect(run, batches, watch, report)


def run_here(run: Run, planned: Sequence[Cell], watch: Watch, report: Report) -> None:
    """Runs cells on this host itself: what a cell leaves is judged, and its plot drawn, before the next one begins.
    Counters of the whole machine count this process too."""
    loaded()
    with ending_pool(1) as pool, fleet.running():
        for cell in planned:
            batch = Batch(cell, run.directory, NO_LIMIT, watch.began, watch.trial_over)
            submit([batch], pool)
            collect(run, [batch], watch, report)


def send_cells(run: Run, planned: Sequence[Cell], elsewhere: Executor, mirror: str | None, watch: Watch, report: Report) -> None:
    """Runs cells on other machines: whole cells, slow ones first, each a call on any executor. There slots keep apart what
    time would spoil."""
    with interruption.held():
        collect(run, [Sent(cell, run.directory, elsewhere, mirror, watch.began) for cell in ordered(planned)], watch, report)


def collect(run: Run, batches: Sequence[Batch | Sent], watch: Watch, report: Report) -> None:
    """Enters every cell once all its trials are over; cancels the others where that is interrupted."""
    try:
        for judged in finished(batches):
            watch.done(judged)
            report.add(judged)
            run.outcomes.append(resume.finish(judged))
            del judged  # what its trials recorded goes before those of the next are read
            heap.give_back()
            run.save(SAVED)
    except BaseException:
        for batch in batches:
            batch.cancel()
        raise


def finished(batches: Sequence[Batch | Sent]) -> Iterator[Judged]:
    """Yields judged cells, in the order in which their last trials end; each is forgotten once it was handed out."""
    waiting = list(batches)
    while waiting:
        running: list[Future[Any]] = [future for batch in waiting for future in batch.futures if not future.done()]
        wait(running, return_when=FIRST_COMPLETED, timeout=1)
        over = [batch for batch in waiting if all(future.done() for future in batch.futures)]
        interruption.check()  # which ended the machines: a trial that is over by that is no broken one, it is to be run again
        for batch in over:
            waiting.remove(batch)
            yield batch.judge()
