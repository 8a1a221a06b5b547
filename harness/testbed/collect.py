"""Runs trials and judges nothing: in a guest of the test bed, where a report takes 7 s a plot.

python -m harness.testbed.collect RUN NAME… [--trials N] [--settings all|first|last] [--changes] [--throwaway] [--kernel NAME]
"""

from __future__ import annotations

import argparse
import time
from itertools import groupby
from pathlib import Path

from harness import catalogue
from harness.evidence import integrity, run_directory
from harness.machine.host.permissions import Permissions
from harness.machine.kernels import find, running
from harness.machine.processes import fleet
from harness.run import matrix, resume
from harness.run.cell import Cell, describe
from harness.run.options import RunOptions
from harness.run.trial import run_trial

# Which of an experiment's cells.
SETTINGS = {"all": slice(None), "first": slice(1), "last": slice(-1, None)}


def collect(run: Path, cell: Cell) -> None:
    """Runs all trials of a cell and writes its cell.json, so that `invoke judge RUN` finds what it needs."""
    directory = run_directory.cell_directory(run, cell.name)
    row = describe(cell)
    resume.begin(directory, row)
    began = time.monotonic()
    broken = [run_trial(cell, number, directory) for number in range(1, cell.trials + 1)]
    row |= {"seconds": round(time.monotonic() - began, 1), "failures": [one for one in broken if one]}
    integrity.enter_recordings(directory, row)
    run_directory.write_cell(directory, row)
    print(f"{cell.name}: {row['seconds']} s {' '.join(row['failures'])}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m harness.testbed.collect", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("names", nargs="+", help="experiments, or all")
    parser.add_argument("--trials", type=int)
    parser.add_argument("--settings", choices=SETTINGS, default="all", help="of each experiment")
    parser.add_argument("--changes", action="store_true")
    parser.add_argument("--throwaway", action="store_true")
    parser.add_argument("--kernel", help="guests of this kernel are the machines, not this system")
    options = parser.parse_args()
    permissions = None if options.kernel else Permissions(options.changes or options.throwaway, options.throwaway)
    kernel = find.by_name(options.kernel) if options.kernel else running.kernel()
    names = catalogue.entries() if options.names == ["all"] else options.names
    chosen = [catalogue.experiment(name) for name in names]
    planned = matrix.plan(chosen, [kernel], RunOptions(trials=options.trials, permissions=permissions))
    with fleet.running():
        for _, cells in groupby(planned, lambda cell: cell.experiment.name):
            for cell in list(cells)[SETTINGS[options.settings]]:
                collect(options.run, cell)


if __name__ == "__main__":
    main()
