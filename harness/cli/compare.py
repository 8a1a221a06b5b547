"""The commands that look across runs: compare, history, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from invoke import task

from harness import catalogue, errors
from harness.cli.base import RUNS, guarded, say
from harness.errors import LabError, UsageError


@task(
    help={
        "a": "a run, one of its kernels or settings: RUN, RUN@6.1, RUN@lru=classic, reference@6.12",
        "b": "another",
        "fail-on-change": "exit with 3 if anything differs",
        "results": "where run directories are",
    }
)
@guarded
def compare(context: Any, a: str, b: str, fail_on_change: bool = False, results: str = RUNS) -> int:
    """Which verdicts and quantities differ between two runs, kernels or settings."""
    from harness.reports.comparison import differences, rows
    from harness.reports.comparison import run_noise as noise

    found = differences.compare(*(rows.select(name, Path(results)) for name in (a, b)))
    known = noise.published()
    for line in differences.lines(found, known):
        say(line)
    changed = found.verdicts() or found.quantities(known)
    return errors.SURPRISE if fail_on_change and changed else errors.AS_KNOWN


@task(help={"claim": "the id of a claim", "results": "where run directories are"})
@guarded
def history(context: Any, claim: str, results: str = RUNS) -> int:
    """A claim over the kernels that were run, with the change points."""
    from harness.reports.comparison import history as told
    from harness.reports.comparison import rows

    experiment, found = catalogue.find(claim)
    collected = rows.collected(Path(results))
    for one in [found] if found else experiment.claims:
        for line in told.printed(one, collected):
            say(line)
    return errors.AS_KNOWN


@task(
    help={
        "runs": "runs, separated by commas; where several have a cell, the last one's counts",
        "noise": "whole runs of one kernel (of a matrix: RUN@6.12), separated by commas: their noise is published too",
        "to": "where it is written",
        "results": "where run directories are",
    }
)
@guarded
def publish(context: Any, runs: str = "latest", noise: str = "", to: str = "results/reference", results: str = RUNS) -> int:
    """Write the reference matrix: table, a page for each claim, plots, verdicts.json, noise."""
    from harness.evidence import run_directory
    from harness.reports.comparison import reference, rows

    wanted, several = ([name.strip() for name in names.split(",") if name.strip()] for names in (runs, noise))
    found = [run_directory.find(name, Path(results)) for name in wanted]
    noisy = [rows.select(name, Path(results)) for name in several]
    if len(noisy) == 1:
        raise UsageError(f"--noise {noise}", "one run has no noise", "name at least two, separated by commas")
    try:
        cells = reference.publish(found, noisy, Path(to))
    except OSError as error:
        raise LabError(f"reference {to}", error.strerror or "can't be written", "free some room or name another --to") from error
    size = sum(path.stat().st_size for path in Path(to).rglob("*") if path.is_file())
    say(f"{Path(to) / 'README.md'}: {len(cells.rows)} rows on {', '.join(cells.kernels)}; {size / 1e6:.1f} MB in all")
    return errors.AS_KNOWN
