"""One arm of one trial: a fresh machine, the procedure, the recording."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness import evidence
from harness.claims import Experiment
from harness.errors import LabError
from harness.evidence import Recorder
from harness.lab import Absent, Lab, Skip
from harness.machine import allocators, snapshots, vm
from harness.machine.kernels import Kernel
from harness.machine.places import place
from harness.machine.qemu import Shape
from harness.machine.vm import VM
from harness.settings import Settings


@dataclass(frozen=True)
class Cell:
    """One experiment on one kernel under one setting. axis: what distinguishes it ({"lru": "mglru"})."""

    experiment: Experiment
    kernel: Kernel
    settings: Settings
    axis: tuple[tuple[str, str], ...]
    trials: int
    accelerator: str
    append: str = ""
    fresh: bool = False

    @property
    def name(self) -> str:
        return "@".join([self.experiment.name, *(f"{key}={value}" for key, value in self.axis)])

    @property
    def shape(self) -> Shape:
        needs = self.experiment.needs
        append = f"{needs.append} {self.append}".strip()
        return Shape(needs.memory, needs.cpus, needs.disks, needs.nodes, self.settings.thp, append,
                     programs_of(self.experiment, self.settings))


def programs_of(experiment: Experiment, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Name in the guest → path on this host, of the real tools and allocators that go along."""
    tools = [(Path(path).name, path) for path in experiment.needs.programs]
    if settings.malloc in allocators.ALLOCATORS:
        tools.append((allocators.ALLOCATORS[settings.malloc].name, str(allocators.find(settings.malloc))))
    return tuple(tools)


def open_machine(cell: Cell, number: int, console: Path) -> VM:
    """A fresh machine for trial `number` (1…): restored from boot `number`, or booted."""
    if cell.fresh:
        return vm.boot(cell.kernel, cell.shape, cell.accelerator, console)
    return snapshots.restore(cell.kernel, cell.shape, cell.accelerator, number - 1, console)


def run_trial(cell: Cell, number: int, directory: Path) -> str | None:
    """All arms of one trial, one after the other, into `directory`; what broke, if one of them did: the lab's error,
    never a verdict."""
    for arm in cell.experiment.arms:
        recorder = Recorder(directory / evidence.name_of(number, arm))
        try:
            try:
                status, reason = _run_arm(cell, number, arm, directory, recorder)
                recorder.event("end", status=status, reason=reason)
            finally:
                recorder.close()
        except OSError as error:
            return (f"trial {number}: its evidence can't be written to {directory}: {error.strerror}; "
                    "free some room or name another --results")
        if status == "broken":
            return f"trial {number}{' (' + arm + ')' if arm else ''}: {reason}"
        if status != "ok":
            break
    return None


def _run_arm(cell: Cell, number: int, arm: str, directory: Path, recorder: Recorder) -> tuple[str, str]:
    """How it ended: "ok", "skipped", "absent" (no such setting on this kernel) or "broken", and why."""
    if cell.experiment.needs.system:
        return "skipped", "only an installed system can answer it: run it with --machine local"
    for _, path in cell.shape.programs:
        if not Path(path).exists():
            return "skipped", (f"this host has no {path}: run ./bootstrap, or install the package that it is from "
                               "(allocators: libjemalloc2, libtcmalloc-minimal4)")
    console = directory / f"trial-{number}{'.' + arm if arm else ''}.console.log"
    try:
        with place(), open_machine(cell, number, console) as machine:
            with_machine(machine, cell, arm, recorder)
        return "ok", ""
    except Absent as missing:
        return "absent", str(missing)
    except Skip as missing:
        return "skipped", str(missing)
    except (LabError, OSError) as error:
        return "broken", " ".join(str(error).split())
    except Exception as error:
        recorder.event("note", traceback=traceback.format_exc())
        at = traceback.extract_tb(error.__traceback__)[-1]
        return "broken", f"{type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})"


def with_machine(machine: VM, cell: Cell, arm: str, recorder: Recorder) -> None:
    """The procedure of one arm on a machine that was just opened."""
    experiment = cell.experiment
    lab = Lab(machine, recorder, experiment.needs, cell.settings, arm)
    lab.start(experiment=experiment.name, version=experiment.version)
    for path in experiment.needs.files:
        if lab.hand.attempt.stat(path).error:
            raise Skip(f"this kernel has no {path}")
    if experiment.rate:
        lab.sampler.start_series(experiment.rate)
    lab.sample_idle()
    experiment.procedure(lab)
    if experiment.rate:
        lab.sampler.stop_series()
    lab.close()


def cells(experiment: Experiment, kernel: Kernel, choose: Callable[[str, tuple[str, ...]], tuple[str, ...]], *,
          trials: int | None, accelerator: str, fixed: dict[str, Any], append: str = "",
          fresh: bool = False) -> list[Cell]:
    """The cells of an experiment on a kernel: one for each combination of its axes' values.

    choose narrows an axis to what the user asked for; `fixed` are settings that the user pinned for all.
    """
    combinations: list[dict[str, Any]] = [{}]
    for axis, values in experiment.axes.items():
        combinations = [{**one, axis: value} for one in combinations for value in choose(axis, values)]
    return [Cell(experiment, kernel, replace(experiment.settings, **{**fixed, **axis}), tuple(sorted(axis.items())),
                 trials or experiment.trials, accelerator, append, fresh) for axis in combinations]
