"""The command line: what the user typed → a function of the harness → lines and an exit status."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke import Collection, task

from harness import catalogue, errors
from harness.claims import Experiment
from harness.errors import LabError, UsageError

if TYPE_CHECKING:
    from harness.results import Judged
    from harness.run import Options

ROOT = Path(__file__).resolve().parent.parent


def say(line: str) -> None:
    print(line, flush=True)


def guarded(command: Callable[..., int | None]) -> Any:
    """Makes a task of a function: its result is the exit status, a LabError one line, never a traceback."""

    @functools.wraps(command)
    def run(context: Any, *arguments: Any, **options: Any) -> None:
        try:
            status = command(context, *arguments, **options) or 0
        except LabError as error:
            print(error, file=sys.stderr)
            status = error.status
        except KeyboardInterrupt:
            status = errors.INTERRUPTED
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 0
        sys.stdout.flush()
        sys.exit(status)

    return run


def whole(name: str, value: str | None) -> int | None:
    """An option that must be a whole number."""
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise UsageError(f"--{name} {value}", "it is no whole number", f"for instance --{name} 3") from None


def settings(texts: list[str]) -> dict[str, tuple[str, ...]]:
    """--set lru=classic,mglru → {"lru": ("classic", "mglru")}. Raises UsageError for a setting that there is not."""
    from harness.settings import Settings

    names = sorted(Settings.__dataclass_fields__)
    found = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not values or name not in names:
            raise UsageError(f"--set {text}", "it is no setting=value", f"settings are {', '.join(names)}")
        found[name] = tuple(values.split(","))
    return found


HELP = {
    "kernel": "a series (6.12), an exact version, a digest, or a path to a vmlinuz", "modules": "its modules directory",
    "append": "more kernel arguments", "trials": "trials of each experiment (default: its own number, 3)",
    "set_": "a setting to run under: lru=classic,mglru (repeatable)", "results": "where the run directory is made",
    "jobs": "machines at once (default: from processors and memory)", "fresh-boot": "boot instead of restoring",
    "machine": "auto or vm", "mirror": "a Debian mirror to fetch kernels from", "json": "print verdicts.json"}
RUNS = "results/runs"


@dataclass(frozen=True)
class Typed:
    """The options that all commands share which run experiments, as they were typed."""

    machine: str
    kernel: str | None
    modules: str | None
    append: str
    trials: str | None
    set_: list[str]
    results: str
    jobs: str | None
    fresh_boot: bool
    mirror: str | None
    json: bool

    def options(self) -> Options:
        from harness.run import Options

        if self.machine not in {"auto", "vm"}:
            raise UsageError(f"--machine {self.machine}", "there are the machines auto and vm", "leave it out")
        return Options(self.kernel, Path(self.modules) if self.modules else None, self.append,
                       whole("trials", self.trials), settings(self.set_), Path(self.results), whole("jobs", self.jobs),
                       self.fresh_boot, self.mirror)


def run_and_report(experiments: Sequence[Experiment], what: str, claim: str | None, typed: Typed) -> int:
    """Runs experiments, prints each answer as it comes, writes the report: the exit status."""
    options = typed.options()
    from harness import reports, run
    from harness.reports import answer

    reports.preload()

    def done(judged: Judged) -> None:
        for line in answer.lines(judged, claim) if not typed.json else ():
            say(line)

    finished = run.execute(experiments, options, what, done)
    report = reports.write(finished.directory, finished.judged)
    say((finished.directory / "verdicts.json").read_text() if typed.json else f"  Report: {report}")
    return finished.status(claim)


@task(iterable=["set_"], help={"name": "an experiment, or the id of a claim", **HELP})
@guarded
def run_experiment(context: Any, name: str, machine: str = "auto", kernel: str | None = None,
                   modules: str | None = None, append: str = "", trials: str | None = None, set_: Any = (),
                   results: str = RUNS, jobs: str | None = None, fresh_boot: bool = False, mirror: str | None = None,
                   json: bool = False) -> int:
    """Run an experiment (all its claims), or the one that decides a claim, and print the answer."""
    experiment, claim = catalogue.find(name)
    typed = Typed(machine, kernel, modules, append, trials, list(set_), results, jobs, fresh_boot, mirror, json)
    return run_and_report([experiment], experiment.name, claim.id if claim else None, typed)


@task(iterable=["set_"], help={"section": "only the experiments whose section or folder has this in its name", **HELP})
@guarded
def run_all(context: Any, section: str = "", machine: str = "auto", kernel: str | None = None,
            modules: str | None = None, append: str = "", trials: str | None = None, set_: Any = (),
            results: str = RUNS, jobs: str | None = None, fresh_boot: bool = False, mirror: str | None = None,
            json: bool = False) -> int:
    """Run every experiment, or those of a section, and print each answer as it comes."""
    typed = Typed(machine, kernel, modules, append, trials, list(set_), results, jobs, fresh_boot, mirror, json)
    chosen = catalogue.of_section(section)
    return run_and_report(chosen, section.replace(" ", "-") or "all", None, typed)


@task(help={"run": "a run directory, its id, or latest", "as-recorded": "by the bounds of the run, not today's",
            "results": "where run directories are", "json": HELP["json"]})
@guarded
def judge(context: Any, run: str, as_recorded: bool = False, results: str = RUNS, json: bool = False) -> int:
    """Judge recorded evidence again: from disk alone, without machine or root."""
    from harness import results as stored
    from harness.reports import answer

    directory = stored.find(run, Path(results))
    judged = stored.judge_run(directory, as_recorded)
    rows = [row for one in judged for row in one.rows]
    failures = [failure for one in judged for failure in one.failures]
    if json:
        say(stored.as_text(directory, rows, failures))
    else:
        for one in judged:
            for line in answer.lines(one):
                say(line)
    return stored.status(rows, failures)


@task(help={"run": "a run directory, its id, or latest", "results": "where run directories are"})
@guarded
def report(context: Any, run: str, results: str = RUNS) -> int:
    """Write a run's report again: Markdown, plots, samples.parquet."""
    from harness import reports
    from harness import results as stored

    directory = stored.find(run, Path(results))
    say(f"Report: {reports.write(directory, stored.judge_run(directory))}")
    return errors.AS_KNOWN


@task(name="list", help={"search": "only claims whose id, statement, section or experiment has this text in it"})
@guarded
def list_(context: Any, search: str = "") -> int:
    """Experiments and claims, with section, known answers and needs."""
    from harness.reports import listing

    found = list(catalogue.search(search))
    if not found:
        raise UsageError(f"--search {search}", "no claim has it", "leave it out to see all")
    listing.print_claims(found)
    return errors.AS_KNOWN


@task(help={"claim": "the id of a claim", "results": "where run directories are"})
@guarded
def explain(context: Any, claim: str, results: str = RUNS) -> int:
    """A claim: why it is decided this way, its known answers, the newest evidence."""
    from harness.reports import listing

    experiment, found = catalogue.find(claim)
    listing.explain(experiment, [found] if found else list(experiment.claims), Path(results))
    return errors.AS_KNOWN


@task(name="kernels", help={"mirror": HELP["mirror"], "offline": "ask no mirror"})
@guarded
def kernels_(context: Any, mirror: str | None = None, offline: bool = False) -> int:
    """Which kernels are here, are fetched, can be fetched."""
    from harness.machine import kernels
    from harness.reports import listing

    offered = [] if offline else kernels.offers(mirror=mirror)
    listing.print_kernels(offered, kernels.fetched(), kernels.installed())
    return errors.AS_KNOWN


@task(help={"series": "a series (6.1), a release or a version", "mirror": HELP["mirror"]})
@guarded
def fetch(context: Any, series: str, mirror: str | None = None) -> int:
    """Fetch a kernel into the cache, verified by its distribution's signature."""
    from harness.machine import kernels

    kernel = kernels.fetch(series, mirror=mirror)
    say(f"{kernel.release}  {kernel.source}")
    return errors.AS_KNOWN


@task(name="doctor")
@guarded
def doctor_(context: Any) -> int:
    """What this machine can run, what it can't, and what to type to change that."""
    from harness import doctor

    findings = doctor.examine()
    for line in doctor.lines(findings):
        say(line)
    return errors.AS_KNOWN if doctor.can_run(findings) else errors.NOTHING_RAN


@task(help={"long": "also what takes many minutes", "select": "only tests whose name matches (pytest -k)"})
@guarded
def test(context: Any, long: bool = False, select: str = "") -> int:
    """The test suite: lint, types, judges, real guests."""
    # A file's tests share what they set up, so each file stays with one worker.
    words = [sys.executable, "-m", "pytest", "-q", "-rs", "-n", "auto", "--dist", "loadfile", "--durations", "10",
             *(["-k", select] if select else [])]
    environment = {**os.environ, **({"FOLKLAB_LONG": "1"} if long else {})}
    return subprocess.run(words, cwd=ROOT, env=environment).returncode


def collection() -> Collection:
    """All commands, under the names of the contract."""
    from harness.bench.command import bench

    found = Collection()
    for one in (run_experiment, run_all, judge, report, list_, explain, doctor_, test, bench):
        found.add_task(one)
    kernels = Collection("kernels")
    kernels.add_task(kernels_, name="list", default=True)
    kernels.add_task(fetch)
    found.add_collection(kernels)
    return found
