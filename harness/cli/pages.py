"""`invoke report --html`: the site of a run or of the published reference."""

from __future__ import annotations

from pathlib import Path

from harness import errors
from harness.cli.base import say, warn
from harness.evidence import run_directory
from harness.reports import report
from harness.reports.comparison import rows
from harness.reports.site import site, subject
from harness.verdicts import run_cells


def write_pages(run: str, results: Path) -> int:
    """Writes the site, and first the report of a run that has none, since the site shows its pictures: the exit status."""
    if run == rows.REFERENCE.name:
        found = subject.of_reference(rows.REFERENCE)
    elif subject.is_reference(Path(run)):
        found = subject.of_reference(Path(run))
    else:
        directory = run_directory.find(run, results)
        warn(run_cells.unvouched(directory))
        if not ((directory / "report.md").exists() and (directory / "verdicts.json").exists()):
            report.write(directory, run_cells.judge_run(directory))
        found = subject.of_run(directory)
    say(f"Site: {site.write(found)}")
    return errors.BROKEN if found.errors else errors.AS_KNOWN
