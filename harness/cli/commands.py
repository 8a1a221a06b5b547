"""The commands that run no experiment: what the user typed → a function of the harness → lines and an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import errors, paths
from harness.cli.base import RUNS, command, say, say_json, warn

RUN = "a run directory, its id, or latest"
PARENT = "where run directories are"
JSON = "print it as JSON (docs/json.md)"


@command(own=True, run=RUN, as_recorded="by the bounds of the run, not today's", results=PARENT, json="print verdicts.json")
def judge(context: Any, run: str, as_recorded: bool = False, results: str = RUNS, json: bool = False) -> int:
    """Judge recorded evidence again: from disk alone, without machine or root."""
    from harness.cli import answer
    from harness.evidence import run_directory
    from harness.verdicts import classify, run_cells

    directory = run_directory.find(run, Path(results))
    warn(run_cells.unvouched(directory))
    outcomes = []
    for one in run_cells.judge_run(directory, as_recorded):
        outcomes.append(one.outcome)
        for line in () if json else answer.lines(one):
            say(line)
    found = run_cells.document(directory, outcomes)
    if json:
        say(run_directory.as_text(found))
    return classify.status(found["verdicts"], found["errors"])


@command(own=True, run=f"{RUN}; with --html also reference", results=PARENT, html="write the site instead, of what is judged")
def report(context: Any, run: str, results: str = RUNS, html: bool = False) -> int:
    """Write a run's report again: Markdown, plots, tables, verdicts.json; or, with --html, a site of pages to look at."""
    from harness.evidence import run_directory
    from harness.reports.report import write
    from harness.verdicts import run_cells

    if html:
        from harness.cli.pages import write_pages

        return write_pages(run, Path(results))
    directory = run_directory.find(run, Path(results))
    warn(run_cells.unvouched(directory))
    say(f"Report: {write(directory, run_cells.judge_run(directory))}")
    return errors.BROKEN if run_directory.read_verdicts(directory)["errors"] else errors.AS_KNOWN


@command(
    called="list", own=True, search="only claims that these words find, the best first: a question, a setting, a file", json=JSON
)
def list_(context: Any, search: str = "", json: bool = False) -> int:
    """List experiments and claims, with section, known answers and needs."""
    from harness import catalogue

    if search:
        from harness.cli import searching

    if json:
        from harness.cli import as_data

        found = searching.claims(search) if search else list(catalogue.claim_entries().values())
        say_json(as_data.claims(found))
    elif search:
        for line in searching.lines(search):
            say(line)
    else:
        from harness.cli import listing

        listing.print_claims(list(catalogue.claim_entries().values()))
    return errors.AS_KNOWN


@command(own=True, question="words, a setting, a file, an error message, a whole question", json="print the answer as JSON")
def ask(context: Any, question: str, json: bool = False) -> int:
    """Say what the published verdicts answer to a question; runs nothing."""
    from harness.cli import asking

    if json:
        say_json(asking.document(question))
    else:
        for line in asking.lines(question):
            say(line)
    return errors.AS_KNOWN


@command(own=True, claim="the id of a claim", results=PARENT, json=JSON)
def explain(context: Any, claim: str, results: str = RUNS, json: bool = False) -> int:
    """Explain a claim: what is done, why it is decided this way, its known answers, the newest evidence in numbers."""
    from harness import catalogue
    from harness.cli import as_data
    from harness.cli.explain import lines
    from harness.reports.comparison import rows

    experiment, found = catalogue.find(claim)
    wanted = [found] if found else list(experiment.claims)
    if json:
        say_json(as_data.explained(experiment, wanted, rows.collected(Path(results), warn=warn)))
    for line in () if json else lines(experiment, wanted, Path(results)):
        say(line)
    return errors.AS_KNOWN


@command(undo=False)
def restore(context: Any) -> int:
    """Undo what a killed run has left changed of this host (every other command does so first, except doctor)."""
    from harness.machine.host import journal

    changes = journal.restore_left()
    for change in changes:
        say(f"undone: {change}")
    say("nothing was left" if not changes else f"{len(changes)} changes of this host are undone")
    return errors.AS_KNOWN


@command(undo=False, own=True, json=JSON)
def doctor(context: Any, json: bool = False) -> int:
    """Say what this machine can run, what it can't, and what to type to change that."""
    from harness.cli import as_data
    from harness.cli.doctor import can_run, examine, lines, reasons, usable

    findings = examine()
    if json:
        say_json(as_data.findings(findings, can_run(findings), reasons() if usable() else None))
    for line in () if json else lines(findings):
        say(line)
    return errors.AS_KNOWN if can_run(findings) or usable() else errors.NOTHING_RAN


@command(
    fast="only what boots no guest",
    long="also what takes many minutes",
    select="only tests whose name matches (pytest -k)",
)
def test(context: Any, fast: bool = False, long: bool = False, select: str = "") -> int:
    """Run the test suite: lint, types, judges, real guests."""
    words = [sys.executable, "-m", "pytest", "-q", "-rs", "--durations", "10"]
    words += ["-n", "auto", "--dist", "loadfile"]  # a file's tests share what they set up: each file stays with one worker
    words += ["-m", "not guest"] if fast else []
    words += ["-k", select] if select else []
    environment = {**os.environ, **({"FOLKLAB_LONG": "1"} if long else {})}
    return subprocess.run(words, cwd=paths.ROOT, env=environment).returncode
