"""The trials of one cell, on any executor, and the cell as data."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path

from harness.evidence import run_directory
from harness.evidence.schema import CellRecord
from harness.run import resume
from harness.run.cell import Cell, describe
from harness.run.trial import Limit, run_arms
from harness.verdicts import judged
from harness.verdicts.judged import Judged


class Batch:
    """The trials of one cell, on their way."""

    def __init__(self, cell: Cell, run: Path, pool: Executor, limit: Limit, begins: Callable[[Cell], None]) -> None:
        self.cell, self.limit, self.begins = cell, limit, begins
        self.directory = run_directory.cell_directory(run, cell.name)
        self.row = describe(cell)
        self.began: float | None = None
        self.absent = False
        self._lock = threading.Lock()
        self.futures: list[Future[str | None]] = [pool.submit(self._trial, number) for number in range(1, cell.trials + 1)]

    def _trial(self, number: int) -> str | None:
        with self._lock:
            if self.began is None:
                resume.begin(self.directory, self.row)
                self.began = time.monotonic()
                self.begins(self.cell)
        if self.absent:
            return None  # what one trial has found out of a kernel, the others need not
        status, reason = run_arms(self.cell, number, self.directory, self.limit)
        self.absent = self.absent or status == "absent"
        return reason if status == "broken" else None

    def cancel(self) -> None:
        for future in self.futures:
            future.cancel()

    def over(self) -> CellRecord:
        """Gives cell.json, once all trials of the cell are over."""
        self.row["seconds"] = round(time.monotonic() - (self.began or 0), 1)
        self.row["failures"] = [broken for future in self.futures if (broken := future.result())]
        return self.row

    def judge(self) -> Judged:
        """Judges the cell once all its trials are over: from the evidence on disk, as anyone else would."""
        return judged.judge_cell(self.directory, cell=self.over())
