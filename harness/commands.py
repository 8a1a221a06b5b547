"""The command line: what the user typed → a function of the harness → lines and an exit status."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from invoke import Collection, task

from harness import catalogue, errors
from harness.errors import LabError, UsageError


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


def options(**given: Any) -> Any:
    from harness.run import Options

    return Options(
        kernel=given["kernel"], modules=Path(given["modules"]) if given["modules"] else None, append=given["append"],
        trials=whole("trials", given["trials"]), sets=settings(given["set_"]), results=Path(given["results"]),
        jobs=whole("jobs", given["jobs"]), fresh=given["fresh_boot"], mirror=given["mirror"])


HELP = {
    "kernel": "a series (6.12), an exact version, a digest, or a path to a vmlinuz", "modules": "its modules directory",
    "append": "more kernel arguments", "trials": "trials of each experiment (default: its own number, 3)",
    "set": "a setting to run under: lru=classic,mglru (repeatable)", "results": "where the run directory is made",
    "jobs": "machines at once (default: from processors and memory)", "fresh-boot": "boot instead of restoring",
    "machine": "auto, vm or local", "mirror": "a Debian mirror to fetch kernels from", "json": "print verdicts.json"}
RUNS = "results/runs"


def _execute(names: list[str], what: str, claim: str | None, machine: str, as_json: bool, chosen: Any) -> int:
    from harness import reports, run
    from harness.reports import answer

    if machine not in {"auto", "vm"}:
        raise UsageError(f"--machine {machine}", "machines are auto and vm", "leave it out")

    def done(judged: Any) -> None:
        if not as_json:
            for line in answer.lines(judged, claim):
                say(line)

    finished = run.execute([catalogue.load()[name] for name in names], chosen, what, done)
    report = reports.write(finished.directory, finished.judged)
    say((finished.directory / "verdicts.json").read_text() if as_json else f"  Report: {report}")
    return finished.status(claim)


@task(iterable=["set_"], help={"name": "an experiment, or the id of a claim", **HELP})
@guarded
def run_experiment(context, name, machine="auto", kernel=None, modules=None, append="", trials=None, set_=(),
                   results=RUNS, jobs=None, fresh_boot=False, mirror=None, json=False):
    """Run an experiment (all its claims), or the one that decides a claim, and print the answer."""
    experiment, claim = catalogue.find(name)
    chosen = options(**{key: value for key, value in locals().items() if key not in {"context"}})
    return _execute([experiment.name], experiment.name, claim.id if claim else None, machine, json, chosen)
