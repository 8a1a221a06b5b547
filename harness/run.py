"""The way of the data on one screen: cells → trials on machines → evidence → verdicts → reports."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from harness import errors, ledger, results
from harness.machine import qemu
from harness.machine.kernels import Kernel
from harness.reports import Report
from harness.results import Judged, Outcome
from harness.trial import Cell, run_arms

# Seconds between two writings of verdicts.json: of a long run, which takes 0.1 s to write, it can be read meanwhile.
SAVED = 20.0


@dataclass
class Run:
    """A run and what came of its cells."""

    directory: Path
    outcomes: list[Outcome] = field(default_factory=list)
    interrupted: bool = False
    saved: float = 0.0      # when verdicts.json was written last, on the monotonic clock

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for one in self.outcomes for row in one.rows]

    @property
    def failures(self) -> list[dict[str, Any]]:
        return [failure for one in self.outcomes for failure in one.failures]

    def save(self, seconds: float = 0.0) -> None:
        """Writes verdicts.json of the cells so far, unless that was done less than so many seconds ago."""
        if time.monotonic() - self.saved >= seconds:
            results.write_verdicts(self.directory, self.rows, self.failures)
            self.saved = time.monotonic()

    def status(self, claim: str | None = None) -> int:
        return errors.INTERRUPTED if self.interrupted else results.status(self.rows, self.failures, claim)


class Watch:
    """Hears of a run as it goes; this one says nothing."""

    def planned(self, run: Path, to_run: Sequence[Cell], kept: Sequence[Outcome]) -> None:
        """Before the first trial; kept: cells that an earlier attempt has finished."""

    def began(self, cell: Cell) -> None:
        """The first of its trials has begun. Called from the threads of trials."""

    def done(self, judged: Judged) -> None:
        """A cell is judged."""

    def ended(self) -> None:
        """No more trials will run."""


@cache
def describe_kernel(kernel: Kernel) -> dict[str, Any]:
    config = kernel.config.read_bytes() if kernel.config else None
    return {"release": kernel.release, "series": kernel.series, "source": kernel.source, "digest": kernel.digest,
            "config": f"sha256:{hashlib.sha256(config).hexdigest()}" if config else None}


def order(cell: Cell) -> dict[str, Any]:
    """A cell as data, complete: kernel by name and digest, experiment by name, version and source, settings."""
    row = results.describe_cell(cell.experiment, dict(cell.axis), cell.trials, describe_kernel(cell.kernel),
                                cell.accelerator)
    sets = {name: value for name, value in vars(cell.settings).items() if value is not None}
    needs = cell.experiment.needs
    return {**row, "sets": {**sets, "memory": needs.memory, "cpus": needs.cpus}, "append": cell.append,
            "fresh": cell.fresh}


def run_cells(run: Run, planned: Sequence[Cell], jobs: int, watch: Watch, report: Report) -> None:
    """Trials of all cells side by side; then, one at a time, those of experiments that time would spoil."""
    for chosen, workers in (([cell for cell in planned if not cell.experiment.timed], jobs),
                            ([cell for cell in planned if cell.experiment.timed], 1)):
        with ThreadPoolExecutor(workers) as pool:
            batches = [Batch(cell, run.directory, pool, watch) for cell in chosen]
            try:
                for judged in finished(batches):
                    watch.done(judged)
                    report.add(judged)
                    run.outcomes.append(ledger.finish(judged))
                    run.save(SAVED)
            except BaseException:
                for batch in batches:
                    batch.cancel()
                qemu.fleet.stop()
                raise


class Batch:
    """The trials of one cell, on their way."""

    def __init__(self, cell: Cell, run: Path, pool: ThreadPoolExecutor, watch: Watch) -> None:
        self.cell, self.watch = cell, watch
        self.directory = results.cell_directory(run, cell.name)
        self.row = order(cell)
        self.began: float | None = None
        self.absent = False
        self._lock = threading.Lock()
        self.futures: list[Future[str | None]] = [
            pool.submit(self._trial, number) for number in range(1, cell.trials + 1)]

    def _trial(self, number: int) -> str | None:
        with self._lock:
            if self.began is None:
                ledger.begin(self.directory, self.row)
                self.began = time.monotonic()
                self.watch.began(self.cell)
        if self.absent:
            return None     # what one trial has found out of a kernel, the others need not
        status, reason = run_arms(self.cell, number, self.directory)
        self.absent = self.absent or status == "absent"
        return reason if status == "broken" else None

    def cancel(self) -> None:
        for future in self.futures:
            future.cancel()

    def judge(self) -> Judged:
        """Once all its trials are over: from the evidence on disk, as anyone else would."""
        self.row["seconds"] = round(time.monotonic() - (self.began or 0), 1)
        self.row["failures"] = [broken for future in self.futures if (broken := future.result())]
        return results.judge_cell(self.directory, cell=self.row)


def finished(batches: Sequence[Batch]) -> Iterator[Judged]:
    """Judged cells, in the order in which their last trials end; each is forgotten once it was handed out."""
    waiting = list(batches)
    while waiting:
        wait([future for batch in waiting for future in batch.futures if not future.done()],
             return_when=FIRST_COMPLETED, timeout=1)
        for batch in [one for one in waiting if all(future.done() for future in one.futures)]:
            waiting.remove(batch)
            yield batch.judge()
