"""The options of the commands that run experiments, as they are typed and as they are meant."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import catalogue
from harness.claims.claim import Experiment
from harness.cli.base import say, whole
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.machine.kernels.kernel import Kernel
    from harness.run.cell import Cell
    from harness.run.matrix import Options
    from harness.run.run import Run, Watch
    from harness.verdicts.judged import Judged


def settings(texts: list[str]) -> dict[str, tuple[str, ...]]:
    """--set lru=classic,mglru → {"lru": ("classic", "mglru")}. Raises UsageError for a setting that there is not."""
    from harness.claims import settings as known

    found = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not values or name not in known.names():
            raise UsageError(f"--set {text}", "it is no setting=value", f"settings are {', '.join(known.names())}")
        for value in values.split(","):
            if not known.fits(name, value):
                can = " or ".join(known.CHOICES.get(name, ("a whole number",)))
                raise UsageError(f"--set {text}", f"{name} can't be {value!r}", f"{name} can be {can}")
        found[name] = tuple(dict.fromkeys(values.split(",")))
    return found


RUNNING = {
    "kernel": "a series (6.12), an exact version, a digest, or a path to a vmlinuz",
    "modules": "its modules directory",
    "append": "kernel arguments; given several times they are run one by one",
    "trials": "trials of each experiment (default: its own number, 3)",
    "set_": "a setting to run under: lru=classic,mglru (repeatable); memory (MiB) and cpus too",
    "results": "where the run directory is made",
    "jobs": "machines at once (default: from processors and memory)",
    "fresh-boot": "boot instead of restoring",
    "machine": "auto, vm or local (this host)",
    "mirror": "a Debian mirror to fetch kernels from",
    "json": "print verdicts.json",
}
CLUSTER = {"scheduler": "of a Dask cluster that runs it: tcp://HOST:8786 (docs/cluster.md)"}
DEBUGGER = {"gdb": "a port, or the path of a socket, where each guest waits for a debugger; one trial (docs/bisect.md)"}
HOST = {
    "allow-host-changes": "local: experiments may change settings, swap and disks of this host; all is restored",
    "throwaway-host": "local: experiments may also kill processes and empty the memory of this host",
    "directory": "local: where disks are made (default: /var/tmp)",
}
KERNELS = "5.10,6.1,6.12,7.2"


@dataclass(frozen=True)
class Typed:
    """The options that all commands share which run experiments, as they were typed."""

    machine: str
    kernels: tuple[str | None, ...]
    modules: str | None
    append: list[str] | None
    trials: str | None
    set_: list[str] | None
    results: str
    jobs: str | None
    fresh_boot: bool
    mirror: str | None
    json: bool
    scheduler: str | None = None
    gdb: str = ""
    allow_host_changes: bool = False
    throwaway_host: bool = False
    directory: str | None = None

    def options(self) -> Options:
        from harness.cli import machine_choice
        from harness.run.matrix import Options

        permissions = machine_choice.permissions(
            self.machine, self.kernels, self.allow_host_changes, self.throwaway_host, self.directory
        )
        if self.gdb and ((self.gdb.isdecimal() and not 0 < int(self.gdb) < 65536) or re.search(r"[,:\s]", self.gdb)):
            raise UsageError(f"--gdb {self.gdb}", "it is neither a port nor the path of a socket", "for instance --gdb 1234")
        trials, jobs = whole("trials", self.trials), whole("jobs", self.jobs)
        return Options(
            self.kernels,
            Path(self.modules) if self.modules else None,
            tuple(dict.fromkeys(self.append or ())),
            1 if self.gdb else trials,
            settings(self.set_ or []),
            Path(self.results),
            1 if self.gdb else jobs,
            self.fresh_boot,
            self.mirror,
            self.scheduler,
            self.gdb,
            permissions,
        )

    def warnings(self, experiments: Sequence[Experiment]) -> Iterator[str]:
        """What --set takes from experiments that have a value of their own: a line for each setting."""
        found: dict[str, list[str]] = {}
        sets = settings(self.set_ or [])
        for experiment in experiments:
            for name, own in catalogue.overridden(experiment, sets).items():
                found.setdefault(name, []).append(f"{experiment.name} ({own})")
        for name, those in found.items():
            yield (
                f"--set {name}={','.join(sets[name])}: these have their own for a reason, and now answer another question: "
                + ", ".join(those)
            )

    def attach(self, kernel: Kernel) -> str:
        """What to type while a guest waits for a debugger."""
        build = kernel.image.parents[3] / "vmlinux" if kernel.image.match("arch/*/boot/bzImage") else Path("vmlinux")
        where = f"localhost:{self.gdb}" if self.gdb.isdecimal() else self.gdb
        return f'The guest waits for: gdb {build} -ex "target remote {where}"   (then: continue)'


def run(
    experiments: Sequence[Experiment],
    what: str,
    claim: str | None,
    typed: Typed,
    watch: Watch | None = None,
    resume: bool = False,
) -> Run:
    """Runs experiments; unless JSON was asked for, prints each answer as it comes, and where the report is."""
    options = typed.options()
    for line in typed.warnings(experiments):
        print(line, file=sys.stderr)
    from harness.cli import answer
    from harness.run import matrix
    from harness.run.run import Watch

    class Quiet(Watch):
        def began(self, cell: Cell) -> None:
            if cell.gdb:
                print(typed.attach(cell.kernel), file=sys.stderr, flush=True)

    class Answers(Quiet):
        def done(self, judged: Judged) -> None:
            for line in answer.lines(judged, claim):
                say(line)

    finished = matrix.execute(experiments, options, what, Quiet() if typed.json else watch or Answers(), resume=resume)
    if not typed.json:
        for line in answer.ending(finished.outcomes) if len(finished.outcomes) > 1 and claim is None else ():
            say(line)
        say(f"  Report: {finished.directory / 'report.md'}")
    return finished
