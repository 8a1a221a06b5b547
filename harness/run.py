"""The way of the data on one screen: experiments → cells → trials on machines → evidence → verdicts → reports."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import errors, results
from harness.claims import Experiment
from harness.errors import UsageError
from harness.machine import accelerator, kernels, qemu
from harness.machine.kernels import Kernel
from harness.results import Judged
from harness.trial import Cell, cells, run_trial


@dataclass(frozen=True)
class Options:
    """What the user asked for. sets: setting → the values to run under ({"lru": ("mglru",)})."""

    kernel: str | None = None
    modules: Path | None = None
    append: str = ""
    trials: int | None = None
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    results: Path = results.RUNS
    jobs: int | None = None
    fresh: bool = False
    mirror: str | None = None


@dataclass
class Run:
    """A run and what came of it."""

    directory: Path
    kernel: Kernel
    judged: list[Judged] = field(default_factory=list)
    interrupted: bool = False

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for one in self.judged for row in one.rows]

    @property
    def failures(self) -> list[dict[str, Any]]:
        return [failure for one in self.judged for failure in one.failures]

    def status(self, claim: str | None = None) -> int:
        return errors.INTERRUPTED if self.interrupted else results.status(self.rows, self.failures, claim)


def describe_kernel(kernel: Kernel) -> dict[str, Any]:
    config = kernel.config.read_bytes() if kernel.config else None
    return {"release": kernel.release, "series": kernel.series, "source": kernel.source, "digest": kernel.digest,
            "config": f"sha256:{hashlib.sha256(config).hexdigest()}" if config else None}


def plan(experiments: Sequence[Experiment], kernel: Kernel, options: Options) -> list[Cell]:
    """Every cell of the run. Raises UsageError for a number of trials or a setting that makes no sense."""
    if options.trials is not None and options.trials < 1:
        raise UsageError(f"--trials {options.trials}", "a verdict needs at least one trial", "leave it out for 3")
    fixed: dict[str, str] = {name: values[0] for name, values in options.sets.items() if len(values) == 1}
    chosen, _ = accelerator.choose(kernel)

    def choose(axis: str, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(options.sets.get(axis, values))

    return [cell for experiment in experiments
            for cell in cells(experiment, kernel, choose, trials=options.trials, accelerator=chosen, fixed=fixed,
                              append=options.append, fresh=options.fresh)]


def default_jobs(planned: Sequence[Cell]) -> int:
    """As many machines at once as there are processors and one that is launched while it waits for a place, as far as
    memory holds them with a quarter to spare."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4
    largest = max((cell.shape.memory for cell in planned), default=1) + (100 << 20)
    return max(1, min((os.cpu_count() or 1) + 1, free // largest))


def execute(experiments: Sequence[Experiment], options: Options, what: str,
            done: Callable[[Judged], None]) -> Run:
    """Runs experiments on one kernel into a new run directory; `done` hears of each cell once it is judged."""
    kernel = kernels.find(options.kernel, modules=options.modules, mirror=options.mirror)
    planned = plan(experiments, kernel, options)
    version = qemu.version()        # without QEMU nothing can run: said before a directory is made
    run = Run(results.create(options.results, kernel.series, what), kernel)
    settings = {name: list(values) for name, values in options.sets.items()}
    results.write_json(run.directory / "environment.json", results.environment(
        describe_kernel(kernel), {"append": options.append, "sets": settings, "fresh": options.fresh}, version))
    if kernel.config:
        (run.directory / "kernel.config").write_bytes(kernel.config.read_bytes())
    qemu.fleet.start()
    try:
        _run_cells(run, planned, options.jobs or default_jobs(planned), done)
    except KeyboardInterrupt:
        run.interrupted = True
    finally:
        qemu.fleet.stop()
        run.judged.sort(key=lambda one: one.directory.name)
        results.write_verdicts(run.directory, run.rows, run.failures)
    return run


def _run_cells(run: Run, planned: Sequence[Cell], jobs: int, done: Callable[[Judged], None]) -> None:
    """Trials side by side; then, one at a time, those of experiments that time would spoil."""
    for chosen, workers in (([cell for cell in planned if not cell.experiment.timed], jobs),
                            ([cell for cell in planned if cell.experiment.timed], 1)):
        with ThreadPoolExecutor(workers) as pool:
            batches = [Batch(cell, run.directory, pool) for cell in chosen]
            try:
                _collect(run, batches, done)
            except BaseException:
                for batch in batches:
                    batch.cancel()
                qemu.fleet.stop()
                raise


class Batch:
    """The trials of one cell, on their way."""

    def __init__(self, cell: Cell, run: Path, pool: ThreadPoolExecutor) -> None:
        self.cell = cell
        self.directory = results.cell_directory(run, cell.name)
        self.directory.mkdir(parents=True)
        self.row = results.describe_cell(cell.experiment, dict(cell.axis), cell.trials, describe_kernel(cell.kernel),
                                         cell.accelerator)
        results.write_json(self.directory / "cell.json", self.row)
        self.began = time.monotonic()
        self.futures: list[Future[str | None]] = [
            pool.submit(self._trial, number) for number in range(1, cell.trials + 1)]

    def _trial(self, number: int) -> str | None:
        if number == 1:
            self.began = time.monotonic()
        return run_trial(self.cell, number, self.directory)

    def cancel(self) -> None:
        for future in self.futures:
            future.cancel()

    def judge(self) -> Judged:
        """Once all its trials are over: from the evidence on disk, as anyone else would."""
        self.row["seconds"] = round(time.monotonic() - self.began, 1)
        self.row["failures"] = [broken for future in self.futures if (broken := future.result())]
        results.write_json(self.directory / "cell.json", self.row)
        judged = results.judge_cell(self.directory)
        self.row["bounds"] = results.bounds_of(judged.verdicts)
        results.write_json(self.directory / "cell.json", self.row)
        return judged


def _collect(run: Run, batches: list[Batch], done: Callable[[Judged], None]) -> None:
    waiting = list(batches)
    while waiting:
        wait([future for batch in waiting for future in batch.futures if not future.done()],
             return_when=FIRST_COMPLETED, timeout=1)
        for batch in [one for one in waiting if all(future.done() for future in one.futures)]:
            waiting.remove(batch)
            judged = batch.judge()
            run.judged.append(judged)
            done(judged)
