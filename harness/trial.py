"""One arm of one trial: a fresh machine, the procedure, the recording."""

from __future__ import annotations

import hashlib
import os
import re
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from harness import catalogue, evidence
from harness.claims import Experiment
from harness.errors import Denied, LabError, MachineLost, Skip
from harness.evidence import Recorder
from harness.lab import Absent, Lab
from harness.machine import allocators, local, snapshots, vm
from harness.machine.kernels import Kernel
from harness.machine.machine import Machine
from harness.machine.permissions import Permissions, why_not
from harness.machine.places import place
from harness.machine.qemu import Shape
from harness.needs import MIB
from harness.settings import BOOTED, Settings

HELD = 4 * MIB      # a recording takes 0.1 MiB as a rule
# What of a run a machine takes while it works, so that no more than --jobs do at once.
Slot = AbstractContextManager[object]
FREE: Slot = nullcontext()


@dataclass(frozen=True)
class Cell:
    """One experiment on one kernel under one setting. axis: what distinguishes it ({"lru": "mglru"}).
    permissions: what it may do to this host, if that is the machine; None for a guest."""

    experiment: Experiment
    kernel: Kernel
    settings: Settings
    axis: tuple[tuple[str, str], ...]
    trials: int
    accelerator: str
    append: str = ""
    fresh: bool = False
    gdb: str = ""
    permissions: Permissions | None = None

    @property
    def name(self) -> str:
        """Of its directory, and of no other cell of a run: "tmpfs-swap@lru=mglru@6.12.117". What can't stand in a file's
        name (of kernel arguments) becomes a digest."""
        axis = (f"{key}={value if PLAIN.fullmatch(value) else mark(value)}" for key, value in self.axis)
        return "@".join([self.experiment.name, *axis, self.kernel.release])

    @property
    def host(self) -> local.Host:
        needs = self.experiment.needs
        return local.Host(programs_of(self.experiment, self.settings), needs.disks, self.settings.thp, needs.system,
                          self.permissions or Permissions(), needs.cpus)

    @property
    def shape(self) -> Shape:
        needs = self.experiment.needs
        append = f"{needs.append} {self.append}".strip()
        return Shape(needs.memory, needs.cpus, needs.disks, needs.nodes, self.settings.thp, append,
                     programs_of(self.experiment, self.settings), self.gdb)


PLAIN = re.compile(r"[\w.,:+=-]{0,40}")


def mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def programs_of(experiment: Experiment, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Name in the guest → path on this host, of the real tools and allocators that go along, if any have to: then all
    that any experiment needs and this host has, so that their guests are of one shape (and one set of snapshots)."""
    wanted = {Path(path).name: path for path in experiment.needs.programs}
    if settings.malloc in allocators.ALLOCATORS:
        wanted[allocators.ALLOCATORS[settings.malloc].name] = str(allocators.find(settings.malloc))
    return tuple(sorted({**programs_here(), **wanted}.items())) if wanted else ()


@cache
def programs_here() -> dict[str, str]:
    """The same of the whole catalogue, as far as this host has it."""
    tools = {Path(path).name: path for experiment in catalogue.load().values() for path in experiment.needs.programs}
    tools |= {one.name: str(allocators.find(name)) for name, one in allocators.ALLOCATORS.items()}
    return {name: path for name, path in tools.items() if Path(path).exists()}


@contextmanager
def open_machine(cell: Cell, number: int, console: Path, slot: Slot = FREE) -> Iterator[Machine]:
    """A fresh machine for trial `number` (1…), held by a slot of the run and a place of the host: restored from boot
    `number`, or booted. A clone is launched, and has loaded its snapshot, before it has them; they are given back before it
    is ended."""
    where = (cell.kernel, cell.shape, cell.accelerator)
    with ExitStack() as stack:
        if cell.permissions:
            stack.enter_context(slot)
            stack.enter_context(place(timed=True))
            yield stack.enter_context(local.machine(cell.host, console))
            return
        waiting = None if cell.fresh else snapshots.launch(*where, number - 1, console)
        if waiting:
            stack.callback(waiting.close)
            with suppress(MachineLost):     # `restore` meets it again, and makes the snapshot anew
                waiting.ready()
        stack.enter_context(slot)
        stack.enter_context(place(timed=cell.experiment.timed))
        guest = vm.boot(*where, console) if cell.fresh else snapshots.restore(*where, number - 1, console, waiting)
        yield guest if waiting and guest.qemu is waiting.process else stack.enter_context(guest)


def run_trial(cell: Cell, number: int, directory: Path) -> str | None:
    """All arms of one trial, one after the other, into `directory`; what broke, if one of them did: the lab's error,
    never a verdict."""
    status, reason = run_arms(cell, number, directory)
    return reason if status == "broken" else None


def run_arms(cell: Cell, number: int, directory: Path, slot: Slot = FREE) -> tuple[str, str]:
    """The same: how it ended ("ok", "skipped", "absent" or "broken", as `_run_arm` has it), and why."""
    for arm in cell.experiment.arms:
        recorder = Recorder(directory / evidence.name_of(number, arm), held=HELD if cell.permissions else 0)
        try:
            try:
                status, reason = _run_arm(cell, number, arm, directory, recorder, slot)
                recorder.event("end", status=status, reason=reason)
            finally:
                recorder.close()
        except OSError as error:
            return "broken", (f"trial {number}: its evidence can't be written to {directory}: {error.strerror}; "
                              "free some room or name another --results")
        if status == "broken":
            return status, f"trial {number}{' (' + arm + ')' if arm else ''}: {reason}"
        if status != "ok":
            break
    return status, reason


def _run_arm(cell: Cell, number: int, arm: str, directory: Path, recorder: Recorder, slot: Slot) -> tuple[str, str]:
    """How it ended: "ok", "skipped", "absent" (no such setting on this kernel) or "broken", and why."""
    if cell.permissions and (reason := why_not(cell.experiment.needs, cell.permissions)):
        return "skipped", reason
    if cell.experiment.needs.system and not cell.permissions:
        return "skipped", "only an installed system can answer it: run it with --machine local"
    for _, path in programs_of(cell.experiment, cell.settings):
        if not Path(path).exists():
            return "skipped", (f"this host has no {path}: run ./bootstrap, or install the package that it is from "
                               "(allocators: libjemalloc2, libtcmalloc-minimal4)")
    console = directory / f"trial-{number}{'.' + arm if arm else ''}.console.log"
    try:
        with open_machine(cell, number, console, slot) as machine:
            began = time.monotonic()
            with_machine(machine, cell, arm, recorder)
            recorder.event("cost", seconds=round(time.monotonic() - began, 3),
                           processor_seconds=machine.processor_seconds())
        return "ok", ""
    except Absent as missing:
        return "absent", str(missing)
    except Skip as missing:
        return "skipped", str(missing)
    except Denied as error:
        return "skipped" if cell.permissions and os.geteuid() else "broken", f"it needs root: {error}"
    except (LabError, OSError) as error:
        return "broken", " ".join(str(error).split())
    except Exception as error:
        recorder.event("note", traceback=traceback.format_exc())
        at = traceback.extract_tb(error.__traceback__)[-1]
        return "broken", f"{type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})"


def with_machine(machine: Machine, cell: Cell, arm: str, recorder: Recorder) -> None:
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


def cells(experiment: Experiment, kernel: Kernel, sets: Mapping[str, tuple[str, ...]], *, trials: int | None,
          accelerator: str, append: Sequence[str] = (), fresh: bool = False, gdb: str = "",
          permissions: Permissions | None = None) -> list[Cell]:
    """The cells of an experiment on a kernel: one for each combination of its axes' values.

    sets: setting → what the user asked for: one value is pinned, several are an axis, and both narrow an axis that
    the experiment has. append: kernel arguments; several are an axis too.
    """
    axes = {**experiment.axes, **{name: values for name, values in sets.items()
                                  if len(values) > 1 or name in experiment.axes}}
    axes |= {"append": tuple(append)} if len(append) > 1 else {}
    fixed = {name: values[0] for name, values in {**sets, "append": append or ("",)}.items() if name not in axes}
    combinations: list[dict[str, str]] = [{}]
    for axis, values in axes.items():
        combinations = [{**one, axis: value} for one in combinations for value in values]
    return [Cell(on_machine(experiment, wanted), kernel, pinned(experiment.settings, wanted),
                 tuple(sorted(axis.items())), trials or experiment.trials, accelerator, wanted["append"], fresh, gdb,
                 permissions)
            for axis in combinations for wanted in [{**fixed, **axis}]]


def cell_of(experiment: Experiment, kernel: Kernel, ordered: Mapping[str, Any], accelerator: str) -> Cell:
    """The cell that cell.json describes; a setting that it does not name is left as the kernel has it."""
    sets = ordered["sets"]
    settings = Settings(**{item.name: sets.get(item.name) for item in fields(Settings)})
    sized = replace(experiment, needs=replace(experiment.needs, memory=sets["memory"], cpus=sets["cpus"]))
    return Cell(sized, kernel, settings, tuple(sorted(ordered["axis"].items())), ordered["trials"], accelerator,
                ordered["append"], ordered["fresh"])


def on_machine(experiment: Experiment, wanted: Mapping[str, str]) -> Experiment:
    """The experiment with the machine's size that the user asked for: memory in MiB, processors."""
    sizes: dict[str, Any] = {"memory": int(wanted["memory"]) * MIB} if "memory" in wanted else {}
    sizes |= {"cpus": int(wanted["cpus"])} if "cpus" in wanted else {}
    return replace(experiment, needs=replace(experiment.needs, **sizes)) if sizes else experiment


def pinned(settings: Settings, wanted: Mapping[str, str]) -> Settings:
    """The experiment's settings with those that the user asked for."""
    chosen: dict[str, Any] = {name: value for name, value in wanted.items() if name not in BOOTED}
    return replace(settings, **chosen)
