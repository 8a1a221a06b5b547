"""The trials of one cell, on any executor, and the cell as data."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from harness import catalogue, ledger, results
from harness.machine.kernels import Kernel
from harness.results import Judged
from harness.trial import Cell, Slot, run_arms


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
            "fresh": cell.fresh, "machine": "local" if cell.permissions else "vm", "overridden": overridden(cell)}


def overridden(cell: Cell) -> dict[str, str]:
    """Setting → what the experiment has by itself, of those that the user has set to something else."""
    stated = catalogue.load()[cell.experiment.name].states() if cell.experiment.name in catalogue.load() else {}
    now = replace(cell.experiment, settings=cell.settings).states()
    return {name: value for name, value in stated.items() if name not in cell.experiment.axes and now.get(name) != value}


class Batch:
    """The trials of one cell, on their way."""

    def __init__(self, cell: Cell, run: Path, pool: Executor, slot: Slot, begins: Callable[[Cell], None]) -> None:
        self.cell, self.slot, self.begins = cell, slot, begins
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
                self.begins(self.cell)
        if self.absent:
            return None     # what one trial has found out of a kernel, the others need not
        status, reason = run_arms(self.cell, number, self.directory, self.slot)
        self.absent = self.absent or status == "absent"
        return reason if status == "broken" else None

    def cancel(self) -> None:
        for future in self.futures:
            future.cancel()

    def over(self) -> dict[str, Any]:
        """cell.json, once all its trials are over."""
        self.row["seconds"] = round(time.monotonic() - (self.began or 0), 1)
        self.row["failures"] = [broken for future in self.futures if (broken := future.result())]
        return self.row

    def judge(self) -> Judged:
        """Once all its trials are over: from the evidence on disk, as anyone else would."""
        return results.judge_cell(self.directory, cell=self.over())
