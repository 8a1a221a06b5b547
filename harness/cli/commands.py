"""The command line: what the user typed → a function of the harness → lines and an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke import Collection, task

from harness import catalogue, errors
from harness.claims.claim import Experiment
from harness.cli import compare
from harness.cli import kernels as kernel_commands
from harness.cli.base import RUNS, guarded, looking, say
from harness.cli.bench import bench
from harness.cli.bisect import arm, check
from harness.cli.options import CLUSTER, DEBUGGER, HOST, KERNELS, RUNNING, Typed, run
from harness.cli.testbed import testbed
from harness.errors import UsageError
from harness.paths import ROOT

if TYPE_CHECKING:
    from harness.run.run import Watch


def run_and_report(
    experiments: Sequence[Experiment],
    what: str,
    claim: str | None,
    typed: Typed,
    watch: Watch | None = None,
    resume: bool = False,
) -> int:
    """Runs experiments, prints each answer as it comes, writes the report: the exit status."""
    finished = run(experiments, what, claim, typed, watch, resume)
    if typed.json:
        say((finished.directory / "verdicts.json").read_text())
    if finished.interrupted and resume:
        print("Interrupted; the same command goes on from here.", file=sys.stderr)
    return finished.status(claim)


@task(iterable=["set_", "append"], help={"name": "an experiment, or the id of a claim", **RUNNING, **DEBUGGER, **HOST})
@guarded
def run_experiment(
    context: Any,
    name: str,
    machine: str = "auto",
    kernel: str | None = None,
    modules: str | None = None,
    append: Any = None,
    trials: str | None = None,
    set_: Any = None,
    results: str = RUNS,
    jobs: str | None = None,
    fresh_boot: bool = False,
    mirror: str | None = None,
    json: bool = False,
    gdb: str = "",
    allow_host_changes: bool = False,
    throwaway_host: bool = False,
    directory: str | None = None,
) -> int:
    """Run an experiment (all its claims), or the one that decides a claim, and print the answer."""
    experiment, claim = catalogue.find(name)
    typed = Typed(
        machine,
        (kernel,),
        modules,
        append,
        trials,
        set_,
        results,
        jobs,
        fresh_boot,
        mirror,
        json,
        None,
        gdb,
        allow_host_changes,
        throwaway_host,
        directory,
    )
    return run_and_report([experiment], experiment.name, claim.id if claim else None, typed)


@task(
    iterable=["set_", "append"],
    help={"section": "only the experiments whose section or folder has this in its name", **RUNNING, **CLUSTER, **HOST},
)
@guarded
def run_all(
    context: Any,
    section: str = "",
    machine: str = "auto",
    kernel: str | None = None,
    modules: str | None = None,
    append: Any = None,
    trials: str | None = None,
    set_: Any = None,
    results: str = RUNS,
    jobs: str | None = None,
    fresh_boot: bool = False,
    mirror: str | None = None,
    json: bool = False,
    scheduler: str | None = None,
    allow_host_changes: bool = False,
    throwaway_host: bool = False,
    directory: str | None = None,
) -> int:
    """Run every experiment, or those of a section, and print each answer as it comes."""
    typed = Typed(
        machine,
        (kernel,),
        modules,
        append,
        trials,
        set_,
        results,
        jobs,
        fresh_boot,
        mirror,
        json,
        scheduler,
        "",
        allow_host_changes,
        throwaway_host,
        directory,
    )
    chosen = catalogue.of_section(section)
    return run_and_report(chosen, section or "all", None, typed)


@task(
    iterable=["set_", "append"],
    help={
        "kernels": "series, exact versions, digests or paths, separated by commas",
        "again": "run finished cells too, anew",
        "section": "only the experiments whose section or folder has this in its name",
        **{name: text for name, text in RUNNING.items() if name not in {"kernel", "modules"}},
        **CLUSTER,
    },
)
@guarded
def matrix(
    context: Any,
    kernels: str = KERNELS,
    section: str = "",
    again: bool = False,
    machine: str = "auto",
    append: Any = None,
    trials: str | None = None,
    set_: Any = None,
    results: str = RUNS,
    jobs: str | None = None,
    fresh_boot: bool = False,
    mirror: str | None = None,
    json: bool = False,
    scheduler: str | None = None,
) -> int:
    """Run every experiment on several kernels; goes on where an interrupted one stood."""
    names = tuple(dict.fromkeys(name.strip() for name in kernels.split(",") if name.strip()))
    if not names:
        raise UsageError("--kernels", "it names none", f"for instance --kernels {KERNELS}")
    if machine == "local":
        raise UsageError("--machine local", "this host has one kernel", "type: invoke run-all --machine local")
    typed = Typed(machine, names, None, append, trials, set_, results, jobs, fresh_boot, mirror, json, scheduler)
    from harness.run.progress import Progress

    chosen = catalogue.of_section(section)
    return run_and_report(chosen, f"matrix-{section}" if section else "matrix", None, typed, Progress(), not again)


@task(
    help={
        "run": "a run directory, its id, or latest",
        "as-recorded": "by the bounds of the run, not today's",
        "results": "where run directories are",
        "json": RUNNING["json"],
    }
)
@guarded
def judge(context: Any, run: str, as_recorded: bool = False, results: str = RUNS, json: bool = False) -> int:
    """Judge recorded evidence again: from disk alone, without machine or root."""
    from harness.cli import answer
    from harness.evidence import run_directory
    from harness.verdicts import classify, judged

    directory = run_directory.find(run, Path(results))
    rows, failures = [], []
    for one in judged.judge_run(directory, as_recorded):
        rows += one.rows
        failures += one.failures
        for line in () if json else answer.lines(one):
            say(line)
    if json:
        say(run_directory.as_text(directory, rows, failures))
    return classify.status(rows, failures)


@task(help={"run": "a run directory, its id, or latest", "results": "where run directories are"})
@guarded
def report(context: Any, run: str, results: str = RUNS) -> int:
    """Write a run's report again: Markdown, plots, tables, verdicts.json."""
    from harness import reports
    from harness.evidence import run_directory
    from harness.verdicts import judged

    directory = run_directory.find(run, Path(results))
    say(f"Report: {reports.write(directory, judged.judge_run(directory))}")
    return errors.AS_KNOWN


@task(name="list", help={"search": "only claims whose id, statement, section or experiment has this text in it"})
@guarded
def list_(context: Any, search: str = "") -> int:
    """Experiments and claims, with section, known answers and needs."""
    from harness.cli import listing

    found = list(catalogue.search(search))
    if not found:
        raise UsageError(f"--search {search}", "no claim has it", "leave it out to see all")
    listing.print_claims(found)
    return errors.AS_KNOWN


@task(help={"claim": "the id of a claim", "results": "where run directories are"})
@guarded
def explain(context: Any, claim: str, results: str = RUNS) -> int:
    """A claim: what is done, why it is decided this way, its known answers, the newest evidence in numbers."""
    from harness.cli import explain as explained

    experiment, found = catalogue.find(claim)
    explained.explain(experiment, [found] if found else list(experiment.claims), Path(results))
    return errors.AS_KNOWN


@task(name="restore")
@looking
def restore(context: Any) -> int:
    """Undo what a killed run has left changed of this host (every other command does so first, except doctor)."""
    from harness.machine.host import journal

    changes = journal.restore_left()
    for change in changes:
        say(f"undone: {change}")
    say("nothing was left" if not changes else f"{len(changes)} changes of this host are undone")
    return errors.AS_KNOWN


@task(name="doctor")
@looking
def doctor_(context: Any) -> int:
    """What this machine can run, what it can't, and what to type to change that."""
    from harness.cli import doctor, host

    findings = doctor.examine()
    for line in doctor.lines(findings):
        say(line)
    return errors.AS_KNOWN if doctor.can_run(findings) or host.usable() else errors.NOTHING_RAN


@task(help={"long": "also what takes many minutes", "select": "only tests whose name matches (pytest -k)"})
@guarded
def test(context: Any, long: bool = False, select: str = "") -> int:
    """The test suite: lint, types, judges, real guests."""
    # A file's tests share what they set up, so each file stays with one worker.
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-n",
        "auto",
        "--dist",
        "loadfile",
        "--durations",
        "10",
        *(["-k", select] if select else []),
    ]
    environment = {**os.environ, **({"FOLKLAB_LONG": "1"} if long else {})}
    return subprocess.run(words, cwd=ROOT, env=environment).returncode


def collection() -> Collection:
    """All commands, under the names of the contract."""
    arm(sys.argv[1:])
    found = Collection()
    for one in (
        run_experiment,
        run_all,
        matrix,
        judge,
        check,
        compare.compare,
        compare.history,
        report,
        compare.publish,
        list_,
        explain,
        doctor_,
        restore,
        test,
        bench,
        testbed,
    ):
        found.add_task(one)
    found.add_collection(kernel_commands.collection())
    return found
