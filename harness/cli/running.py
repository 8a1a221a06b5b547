"""A run as its user sees it: warned before it, answered as it goes, told at its end where the report is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.base import say, warn
from harness.cli.options import permissions
from harness.errors import UsageError
from harness.run.options import RunOptions

if TYPE_CHECKING:
    from harness.claims.claim import Experiment
    from harness.machine.kernels.kernel import Kernel
    from harness.run.cell import Cell
    from harness.run.run import Run, Watch
    from harness.verdicts.judged import Judged


def chosen(names: str) -> tuple[list[Experiment], str | None]:
    """Reads which experiments are meant: one by its name or by a claim's id (then that is the only claim that is asked for),
    or several with commas between them; "all" for all, and -NAME leaves one out. Raises UsageError where none is left."""
    from harness import catalogue

    if "," not in names:
        if names == "all":
            return list(catalogue.load().values()), None
        experiment, claim = catalogue.find(names)
        return [experiment], claim.id if claim else None
    found: dict[str, Experiment] = {}
    for name in filter(None, (name.strip() for name in names.split(","))):
        if name == "all":
            found |= catalogue.load()
        elif name.startswith("-"):
            found.pop(catalogue.find(name[1:])[0].name, None)
        else:
            experiment, _ = catalogue.find(name)
            found[experiment.name] = experiment
    if not found:
        raise UsageError(names, "it leaves no experiment", "for instance all,-swap-storm")
    return list(found.values()), None


def warnings(experiments: Sequence[Experiment], sets: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Says what --set takes from experiments that have a value of their own: a line for each setting."""
    found: dict[str, list[str]] = {}
    for experiment in experiments:
        for name, own in experiment.overridden(sets).items():
            found.setdefault(name, []).append(f"{experiment.name} ({own})")
    for name, those in found.items():
        yield (
            f"--set {name}={','.join(sets[name])}: these have their own for a reason, and now answer another question: "
            + ", ".join(those)
        )


def attach(kernel: Kernel, gdb: str) -> str:
    """Says what to type while a guest waits for a debugger."""
    from harness.machine.kernels.image import is_build

    build = kernel.image.parents[3] / "vmlinux" if is_build(kernel.image) else Path("vmlinux")
    where = f"localhost:{gdb}" if gdb.isdecimal() else gdb
    return f'The guest waits for: gdb {build} -ex "target remote {where}"   (then: continue)'


def execute(
    experiments: Sequence[Experiment],
    what: str,
    claim: str | None,
    options: RunOptions,
    watch: Watch | None = None,
    go_on: bool = False,
    repeat: bool = False,
) -> Run:
    """Runs experiments; prints each answer as it comes and where the report is, or verdicts.json if that was asked for.

    what: the name of the run. claim: the only one that is asked for, None for all. watch: hears of the run instead.
    go_on: goes on where an interrupted run of the same stood. repeat: and runs its undecided cells again.
    """
    options = replace(options, permissions=permissions(options))
    for line in warnings(experiments, options.sets):
        warn(line)
    from harness.cli import answer
    from harness.reports import annotations
    from harness.run import matrix
    from harness.run.waiting import Waiting

    class Quiet(Waiting):
        def began(self, cell: Cell) -> None:
            super().began(cell)
            if cell.gdb:
                with self.aside():
                    warn(attach(cell.kernel, cell.gdb))

        def damaged(self, cell: Cell, why: str) -> None:
            with self.aside():
                super().damaged(cell, why)

    class Answers(Quiet):
        def done(self, judged: Judged) -> None:
            super().done(judged)
            with self.aside():
                for line in answer.lines(judged, claim):
                    say(line)

    still = bool(options.permissions)
    waiting = Quiet(still) if options.json else Answers(still)
    heard: Watch = waiting if options.json else watch or waiting
    with waiting.shown() if heard is waiting else nullcontext():
        finished = matrix.execute(experiments, options, what, heard, go_on=go_on, repeat=repeat)
    if options.json:
        say((finished.directory / "verdicts.json").read_text())
    else:
        for line in answer.ending(finished.outcomes) if len(finished.outcomes) > 1 and claim is None else ():
            say(line)
        say(f"  Report: {finished.directory / 'report.md'}")
    for line in annotations.lines(finished.outcomes) if os.environ.get("GITHUB_ACTIONS") == "true" else ():
        (warn if options.json else say)(line)
    if finished.interrupted and go_on:
        warn("Interrupted; the same command goes on from here.")
    return finished
