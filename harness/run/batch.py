"""The trials of one cell, on any executor, and the cell as data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path

from harness.evidence import run_directory
from harness.evidence.schema import CellRecord
from harness.machine.machine import Machine
from harness.run import heap, resume
from harness.run.cell import Cell, describe
from harness.run.order import in_turns
from harness.run.trial import BROKEN, Clock, Limit, Opener, open_machine, run_arms
from harness.verdicts import judged
from harness.verdicts.judged import Judged


def nobody(cell: Cell) -> None:
    """Takes the place of who hears of a cell's trials."""


class Batch:
    """The trials of one cell, on their way once `submit` was called for each."""

    def __init__(
        self,
        cell: Cell,
        run: Path,
        limit: Limit,
        begins: Callable[[Cell], None],
        ends: Callable[[Cell], None],
        opener: Opener = open_machine,
    ) -> None:
        self.cell, self.limit, self.begins, self.ends, self.opener = cell, limit, begins, ends, opener
        self.directory = run_directory.cell_directory(run, cell.name)
        self.row = describe(cell)
        self.begun = False
        self.over_early = False
        self.seconds = 0.0
        self._lock = threading.Lock()
        self.futures: list[Future[str | None]] = []

    def submit(self, pool: Executor, number: int) -> None:
        """Hands a trial, by its number (1…), to a pool."""
        self.futures.append(pool.submit(self._trial, number))

    def _trial(self, number: int) -> str | None:
        with self._lock:
            if not self.begun:
                resume.begin(self.directory, self.row)
                self.begun = True
                self.begins(self.cell)
        if self.over_early:
            return None  # what one trial has found out of a kernel or of the experiment, the others need not
        status, reason = run_arms(self.cell, number, self.directory, self.limit, self._open)
        with self._lock:
            self.over_early = self.over_early or status in {"absent", "misspelt"}
        self.ends(self.cell)
        return reason if status in BROKEN else None

    @contextmanager
    def _open(self, cell: Cell, number: int, console: Path, limit: Limit) -> Iterator[Machine]:
        with self.opener(cell, number, console, limit) as machine:
            clock = Clock(machine)
            try:
                yield machine
            finally:
                with self._lock:
                    self.seconds += clock.gone

    def cancel(self) -> None:
        for future in self.futures:
            future.cancel()

    def over(self) -> CellRecord:
        """Gives cell.json, once all trials of the cell are over."""
        self.row["seconds"] = round(self.seconds, 1)
        self.row["failures"] = [broken for future in self.futures if (broken := future.result())]
        return self.row

    def judge(self) -> Judged:
        """Judges the cell once all its trials are over: from the evidence on disk, as anyone else would."""
        return judged.judge_cell(self.directory, cell=self.over())


def submit(batches: Sequence[Batch], pool: Executor) -> None:
    """Hands all trials to a pool, so that between two of a cell lie those of others."""
    heap.share()
    for place, number in in_turns([batch.cell.trials for batch in batches]):
        batches[place].submit(pool, number)
