"""Claims × kernels × settings: every command that runs experiments runs a matrix, most of them of one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from harness import cache
from harness.claims.claim import Experiment
from harness.errors import Damaged, LabError, UsageError
from harness.evidence import run_directory
from harness.evidence.schema import Plan
from harness.linux import releases
from harness.machine import slots
from harness.machine.guest import accelerator, boot_check, qemu
from harness.machine.kernels import find, running
from harness.machine.kernels.kernel import Kernel
from harness.reports.report import Report
from harness.run import dask, keep, resume
from harness.run.cell import Cell, cells, describe, describe_kernel
from harness.run.options import RunOptions
from harness.run.run import Jobs, Run, Watch, run_cells, run_here, send_cells
from harness.verdicts.judged import Outcome


def find_kernels(options: RunOptions) -> list[Kernel]:
    """Finds each kernel once. Raises UsageError for two that could not be told apart by their release."""
    if options.permissions:
        kernel = running.kernel()
        releases.checked(kernel.release, "kernel of this host")
        return [kernel]
    found: dict[str, Kernel] = {}
    for name in options.kernels:
        kernel = find.by_name(name, arch=options.architecture, modules=options.modules, mirror=options.mirror)
        releases.checked(kernel.release, f"release of {kernel.image}:")
        if found.setdefault(kernel.release, kernel).digest != kernel.digest:
            raise UsageError(
                f"kernel {name}", f"another one has the same release, {kernel.release}", "run them apart, then `invoke compare`"
            )
    return list(found.values())


def plan(experiments: Sequence[Experiment], found: Sequence[Kernel], options: RunOptions) -> list[Cell]:
    """Lists every cell, an experiment on all kernels before the next one."""
    chosen = {kernel.release: "host" if options.permissions else accelerator.choose(kernel)[0] for kernel in found}
    return [
        cell
        for experiment in experiments
        for kernel in found
        for cell in cells(experiment, kernel, options, chosen[kernel.release])
    ]


def jobs_for(planned: Sequence[Cell], asked: int | None) -> Jobs:
    """Gives how many machines work at once: as many as were asked for, or as there are slots for and memory holds with a
    quarter to spare; and how many live: as many again, and one, where memory holds them too."""
    available = slots.memory_available() * 3 // 4
    largest = max((cell.shape.memory for cell in planned if cell.can_answer), default=1) + (100 << 20)
    return Jobs.of(asked or max(1, min(slots.count(), available // largest)), available // largest)


def execute(
    experiments: Sequence[Experiment],
    options: RunOptions,
    what: str,
    watch: Watch,
    *,
    go_on: bool = False,
    repeat: bool = False,
) -> Run:
    """Runs experiments on all kernels, writes verdicts and report.

    go_on: goes on with the newest run of the same kernels, settings and trials, if there is one, instead of
    starting anew: cells that are finished there are kept. repeat: but for those of which a claim is undecided, and there
    must be such a run.
    """
    if options.scheduler:
        dask.require(options.scheduler)
    found = find_kernels(options)
    # Without QEMU nothing can run here: said before a kernel is proved, or a directory made. Workers tell theirs with each cell.
    version = "" if options.scheduler or options.permissions else versions(found)
    for kernel in () if options.scheduler or options.gdb or options.permissions else found:
        boot_check.ensure(kernel)
    cache.sweep()
    resume.sweep(options.results)
    planned = plan(experiments, found, options)
    asked = described(found, options, what)
    before = resume.find(options.results, asked) if go_on else None
    if repeat and before is None:
        raise UsageError("--undecided", f"no run below {options.results} has asked the same", "run it without --undecided first")
    run = Run(before or start(options, found, planned, what, asked, version))
    with resume.held(run.directory):
        keep.keep(run.directory, experiments)
        kept = finished(run.directory, planned, watch) if before else {}
        to_run = []
        for cell in planned:
            outcome = kept.get(cell.name)
            if outcome is not None and not (repeat and resume.undecided(outcome)):
                run.outcomes.append(outcome)
            else:
                directory = run_directory.cell_directory(run.directory, cell.name)
                to_run.append(replace(cell, earlier=resume.earlier(directory, describe(cell))) if before else cell)
        with dask.executor(options.scheduler) if options.scheduler else nullcontext() as elsewhere:
            _run(run, to_run, options, elsewhere, watch)
    return run


def finished(run: Path, planned: Sequence[Cell], watch: Watch) -> dict[str, Outcome]:
    """Finds the cells of an earlier attempt that need not be run again, and enters what is planned now beside what was."""
    around = run_directory.read_environment(run)
    try:
        entered = run_directory.entered_cells(run)
    except Damaged:
        entered = {}  # it is written anew; each cell.json has its own seal
    kept = {}
    for cell in planned:
        found = resume.finished(run_directory.cell_directory(run, cell.name), describe(cell), entered.get(cell.name))
        if not isinstance(found, str):
            kept[cell.name] = found
        elif found:
            watch.damaged(cell, found)
    if "cells" in around:
        names = sorted({*around["cells"], *(cell.name for cell in planned)})
        if names != around["cells"]:
            run_directory.write_environment(run, {**around, "cells": names})
    return kept


def _run(run: Run, to_run: Sequence[Cell], options: RunOptions, elsewhere: Executor | None, watch: Watch) -> None:
    report = Report(run.directory)
    watch.planned(run.directory, to_run, run.outcomes)
    if run.outcomes:
        run.save()  # what stands there is from before the interruption
    try:
        if elsewhere:
            send_cells(run, to_run, elsewhere, options.mirror, watch, report)
        elif options.permissions:
            run_here(run, to_run, watch, report)
        else:
            run_cells(run, to_run, jobs_for(to_run, options.jobs), watch, report)
    except KeyboardInterrupt:
        run.interrupted = True
    finally:
        watch.ended()
        run.outcomes.sort(key=lambda one: one.directory.name)
        run.save()
    report.finish(run.outcomes, whole=not run.interrupted)


def versions(found: Sequence[Kernel]) -> str:
    """Gives the version of QEMU, or of each QEMU where kernels of several architectures are to be run."""
    return ", ".join(dict.fromkeys(qemu.version(kernel.architecture.board.qemu) for kernel in found))


def described(found: Sequence[Kernel], options: RunOptions, what: str) -> Plan:
    """Describes by what a run is found again: the same question, kernels, settings and trials."""
    plan: Plan = {
        "what": what,
        "kernels": sorted(kernel.digest for kernel in found),
        "append": "\n".join(options.append),
        "sets": {name: list(values) for name, values in sorted(options.sets.items())},
        "trials": options.trials,
        "fresh": options.fresh_boot,
    }
    if options.permissions:
        plan["machine"] = "local"
    return plan


def start(options: RunOptions, found: Sequence[Kernel], planned: Sequence[Cell], what: str, asked: Plan, version: str) -> Path:
    """Makes a new run directory, with what is known before the first trial."""
    directory = run_directory.create(options.results, "-".join(kernel.name for kernel in found), what)
    kernels, names = [describe_kernel(kernel) for kernel in found], sorted(cell.name for cell in planned)
    run_directory.write_environment(directory, run_directory.environment(kernels, {"plan": asked}, version, names))
    for kernel in found:
        if kernel.config:
            copy_config(kernel.config, directory / f"{kernel.release}.config")
    return directory


def copy_config(config: Path, kept: Path) -> None:
    """Copies a kernel's configuration into a run. Raises LabError where the disk is full."""
    try:
        kept.write_bytes(config.read_bytes())
    except OSError as error:
        why = error.strerror or "can't be written"
        raise LabError(f"results file {kept}", why, "free some room or name another --results") from error
