"""One arm of one trial: a fresh machine, the procedure, the recording."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from harness.agent.agent import patience
from harness.claims import names
from harness.claims.claim import Experiment
from harness.errors import Denied, LabError, MachineLost, Skip
from harness.evidence import recording
from harness.evidence.recording import Recorder, Trial
from harness.lab.lab import Lab
from harness.lab.panic import Panicked
from harness.lab.pinning import Absent
from harness.linux.sizes import KIB, MIB
from harness.machine import disks, programs
from harness.machine.guest import snapshots, vm
from harness.machine.host import local
from harness.machine.host.permissions import why_not
from harness.machine.machine import Machine
from harness.machine.slots import Place, Share
from harness.run.cell import Cell, programs_of

# How a trial ends that says nothing, by an error of the lab's or of the experiment's.
BROKEN = {"broken", "misspelt"}
HELD = 4 * MIB  # a recording takes 0.1 MiB as a rule
# Of a machine that waits some 70 MB are kept. One for four that work keeps 64 busy for 95 % of the time, one for eight for 83 %
# (`invoke bench --schedule`): trials of one length end together.
WORKING_EACH, MOST_AHEAD = 4, 32


def launched_ahead(at_once: int) -> int:
    """Says how many machines are launched, or wait to work for the first time, while so many work."""
    return min(MOST_AHEAD, 1 + at_once // WORKING_EACH)


class Limit:
    """What the machines of one run hold to (--jobs): so many work at once, and a few more are launched meanwhile, so that their
    start costs no time. A slot (harness/machine/slots.py) is the host's, over all runs."""

    def __init__(self, at_once: int = sys.maxsize) -> None:
        self.share = Share(at_once)
        self.ahead = threading.Semaphore(launched_ahead(at_once))


NO_LIMIT = Limit()


@contextmanager
def open_machine(cell: Cell, number: int, console: Path, limit: Limit = NO_LIMIT) -> Iterator[Machine]:
    """Opens a fresh machine for trial `number` (1…), within the run's limit and in a slot of the host: restored from
    boot `number`, or booted. A clone is launched, and has loaded its snapshot, before it has them; they are given back before it
    is ended."""
    where = (cell.kernel, cell.shape, cell.accelerator)
    with ExitStack() as stack:
        if cell.permissions:
            stack.enter_context(Place(limit.share, quiet=True))
            yield stack.enter_context(local.machine(cell.host, console))
            return
        place = Place(limit.share)
        with limit.ahead:
            waiting = None if cell.fresh else snapshots.launch(*where, number - 1, console)
            if waiting:
                stack.callback(waiting.close)
                with suppress(MachineLost):  # `restore` meets it again, and makes the snapshot anew
                    waiting.ready()
            stack.enter_context(place)
        guest = vm.boot(*where, console) if cell.fresh else snapshots.restore(*where, number - 1, console, waiting)
        guest.place = place
        yield guest if waiting and guest.qemu is waiting.process else stack.enter_context(guest)


# What gives a trial its machine: `open_machine`, or what disturbs the machine that that gives (harness/faults/injected.py).
Opener: TypeAlias = Callable[[Cell, int, Path, Limit], AbstractContextManager[Machine]]


def run_trial(cell: Cell, number: int, directory: Path) -> str | None:
    """Runs all arms of one trial, one after the other, into `directory`; returns what broke, if one of them did: the lab's
    error, never a verdict."""
    status, reason = run_arms(cell, number, directory)
    return reason if status in BROKEN else None


def run_arms(cell: Cell, number: int, directory: Path, limit: Limit = NO_LIMIT, opener: Opener = open_machine) -> tuple[str, str]:
    """Runs all arms of one trial and returns how it ended, and why: "ok", "skipped", "absent" or "broken", as `_run_arm` has
    it, or "misspelt"."""
    for arm in cell.experiment.arms:
        recorder = Recorder(directory / recording.name_of(number, arm), held=HELD if cell.permissions else 0)
        try:
            try:
                status, reason = _run_arm(cell, number, arm, directory, recorder, limit, opener)
                recorder.event("end", status=status, reason=reason)
            finally:
                recorder.close()
        except OSError as error:
            return "broken", (
                f"trial {number}: its evidence can't be written to {directory}: {error.strerror}; "
                "free some room or name another --results"
            )
        if status == "broken":
            return status, f"trial {number}{' (' + arm + ')' if arm else ''}: {reason}"
        if status != "ok":
            break
    if number == 1 and status == "ok" and (wrong := misspelt(cell.experiment, directory)):
        return "misspelt", f"trial {number}: {wrong}"
    return status, reason


def misspelt(experiment: Experiment, directory: Path) -> str | None:
    """Says which name of the expectations the first trial shows to be misspelt: the other trials need not be run."""
    trial = Trial(1, {arm: recording.read(directory / recording.name_of(1, arm)) for arm in experiment.arms})
    with suppress(Exception):  # of a function of the experiment's own: the judge meets it again, and says what it is
        return names.misspelt(experiment, trial)
    return None


def _run_arm(
    cell: Cell, number: int, arm: str, directory: Path, recorder: Recorder, limit: Limit, opener: Opener
) -> tuple[str, str]:
    """Runs one arm and returns how it ended: "ok", "skipped", "absent" (no such setting on this kernel) or "broken", and
    why."""
    if cell.permissions and (reason := why_not(cell.experiment.needs, cell.permissions)):
        return "skipped", reason
    if cell.experiment.needs.system and not cell.permissions:
        return "skipped", "only an installed system can answer it: run it with --machine local"
    if not cell.can_answer:
        wanted = " or ".join(cell.experiment.needs.architectures)
        return "skipped", f"only a kernel for {wanted} can answer it, and this one is for {cell.architecture.machine}"
    if not cell.has_pages:
        sizes = " or ".join(f"{size // KIB} KiB" for size in cell.experiment.needs.page_sizes)
        return "skipped", f"its sizes and bounds are reasoned for pages of {sizes}, here they have {cell.page_size // KIB} KiB"
    for _, path in programs_of(cell.experiment, cell.settings, cell.architecture):
        if reason := programs.why_not(cell.architecture, Path(path)):
            return "skipped", reason
    for disk in cell.experiment.needs.disks:
        if reason := disks.why_not(disk, cell.page_size):
            return "skipped", reason
    console = directory / f"trial-{number}{'.' + arm if arm else ''}.console.log"
    try:
        with opener(cell, number, console, limit) as machine:
            began = Clock(machine)
            with_machine(machine, cell, number, arm, recorder)
            recorder.event(
                "cost",
                seconds=round(began.gone, 3),
                processor_seconds=machine.processor_seconds(),
                stretches=machine.place.so_far() if machine.place else [],
            )
        return "ok", ""
    except Absent as missing:
        return "skipped" if of_its_own(cell, missing.setting) else "absent", str(missing)
    except Skip as missing:
        return "skipped", str(missing)
    except Denied as error:
        if not cell.permissions:
            return "broken", str(error)  # in a guest all is done as root
        return "skipped" if os.geteuid() else "broken", f"it needs root: {error}"
    except (LabError, OSError) as error:
        return "broken", " ".join(str(error).split())
    except Exception as error:
        recorder.event("note", traceback=traceback.format_exc())
        at = traceback.extract_tb(error.__traceback__)[-1]
        return "broken", f"{type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})"


class Clock:
    """Tells for how long a machine has been at it: without the time that it stood still for want of a place."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._began = self._now

    @property
    def _now(self) -> float:
        return time.monotonic() - (self._machine.place.waited if self._machine.place else 0.0)

    @property
    def gone(self) -> float:
        return self._now - self._began


def of_its_own(cell: Cell, setting: str) -> bool:
    """Says whether a setting has the value that the experiment itself states: without it the claim is skipped, where nobody
    asked for that there is no row."""
    stated = getattr(cell.experiment.settings, setting)
    return setting not in dict(cell.axis) and stated is not None and stated == getattr(cell.settings, setting)


def with_machine(machine: Machine, cell: Cell, number: int, arm: str, recorder: Recorder) -> None:
    """Carries out the procedure of one arm of trial `number` on a machine that was just opened."""
    experiment = cell.experiment
    if not cell.gdb:  # who stands at a breakpoint is in no hurry
        machine.agent.limit(patience(experiment.deadline), f"all of {experiment.name}{f' ({arm})' if arm else ''}")
    lab = Lab(machine, recorder, experiment.needs, cell.settings, arm)
    lab.start(experiment=experiment.name, version=experiment.version, trial=number)
    lab.load_modules(*experiment.needs.modules)
    for path in experiment.needs.files:
        if lab.hand.attempt.stat(path).error:
            raise Skip(f"this kernel has no {path}")
    if experiment.rate:
        lab.sampler.start_series(experiment.rate)
    lab.sample_idle()
    try:
        experiment.procedure(lab)
    except Panicked:
        return
    if experiment.rate:
        lab.sampler.stop_series()
    if cell.permissions:  # a guest goes with all that was made in it (measured: up to 75 s of swapoff from a slow device)
        lab.close()
