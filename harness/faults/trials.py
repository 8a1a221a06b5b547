"""One trial of an experiment at a time, run and judged as a run does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import catalogue
from harness.machine.processes import fleet
from harness.run import matrix
from harness.run.batch import Batch, nobody, submit
from harness.run.cell import Cell
from harness.run.options import RunOptions
from harness.run.run import finished
from harness.run.trial import NO_LIMIT, Opener, open_machine
from harness.verdicts.judged import Judged


def cell_of(name: str, kernel: str) -> Cell:
    """Gives an experiment's first cell on a kernel, with one trial."""
    options = RunOptions(kernels=(kernel or None,), trials=1)
    return matrix.plan([catalogue.experiment(name)], matrix.find_kernels(options), options)[0]


def run(cell: Cell, directory: Path, opener: Opener = open_machine) -> Judged:
    """Runs a cell's trial, and judges it."""
    with ThreadPoolExecutor(1) as pool, fleet.running():
        batch = Batch(cell, directory, NO_LIMIT, nobody, nobody, opener)
        submit([batch], pool)
        return next(finished([batch]))
