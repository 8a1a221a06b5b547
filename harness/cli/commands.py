"""The command line: what the user typed → a function of the harness → lines and an exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from invoke import Collection, Program

from harness import errors, paths
from harness.cli import base, bisect, command_line, compare, kernels, oom, own
from harness.cli.base import RUNS, command, say, warn
from harness.cli.bench import bench
from harness.cli.faults import faults
from harness.cli.options import running
from harness.cli.running import chosen, execute
from harness.cli.sources import sources
from harness.cli.testbed import testbed
from harness.errors import UsageError
from harness.evidence import json_file
from harness.run.options import CLUSTER, DEBUGGER, HOST, RunOptions

KERNELS = "5.10,6.1,6.12,7.2"
SECTION = "only the experiments whose section or folder has this in its name"
RUN = "a run directory, its id, or latest"
PARENT = "where run directories are"
JSON = "print it as JSON (docs/json.md)"


@running(
    DEBUGGER,
    HOST,
    name="an experiment, or the id of a claim; several separated by commas, all for all of them, -NAME leaves one out",
)
def run_experiment(context: Any, name: str, *, options: RunOptions) -> int:
    """Run an experiment (all its claims), or the one that decides a claim, and print the answer."""
    experiments, asked = chosen(name)
    what = experiments[0].name if len(experiments) == 1 else "several"
    return execute(experiments, what, asked, options).status(asked)


@running(CLUSTER, HOST, section=SECTION)
def run_all(context: Any, section: str = "", *, options: RunOptions) -> int:
    """Run every experiment, or those of a section, and print each answer as it comes."""
    from harness import catalogue

    return whole(execute(catalogue.of_section(section), section or "all", None, options).status())


@running(
    CLUSTER,
    without=("kernel", "modules"),
    kernels="series, exact versions, digests or paths, separated by commas",
    again="run finished cells too, anew",
    undecided="run the undecided cells of the newest such run again; their rows say so",
    section=SECTION,
)
def matrix(
    context: Any,
    kernels: str = KERNELS,
    section: str = "",
    again: bool = False,
    undecided: bool = False,
    *,
    options: RunOptions,
) -> int:
    """Run every experiment on several kernels; goes on where an interrupted one stood."""
    from harness import catalogue

    if again and undecided:
        raise UsageError("--again", "it starts a new run, where --undecided repeats cells of an old one", "choose one")
    names = tuple(dict.fromkeys(name.strip() for name in kernels.split(",") if name.strip()))
    if not names:
        raise UsageError("--kernels", "it names none", f"for instance --kernels {KERNELS}")
    if options.machine == "local":
        raise UsageError("--machine local", "this host has one kernel", "type: invoke run-all --machine local")
    from harness.run.progress import Progress

    chosen, what = catalogue.of_section(section), f"matrix-{section}" if section else "matrix"
    return whole(execute(chosen, what, None, replace(options, kernels=names), Progress(), not again, undecided).status())


def whole(status: int) -> int:
    """Gives the exit status of a command that was to run all: wrong usage, where all is well but for own files that can't be
    used."""
    from harness import catalogue

    return errors.USAGE if status == errors.AS_KNOWN and catalogue.problems() else status


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

        found = searching.claims(search) if search else list(catalogue.claims().values())
        say(json_file.render(as_data.claims(found)))
    elif search:
        for line in searching.lines(search):
            say(line)
    else:
        from harness.cli import listing

        listing.print_claims(list(catalogue.claims().values()))
    return errors.AS_KNOWN


@command(own=True, question="words, a setting, a file, an error message, a whole question", json="print the answer as JSON")
def ask(context: Any, question: str, json: bool = False) -> int:
    """Say what the published verdicts answer to a question; runs nothing."""
    from harness.cli import asking

    if json:
        say(json_file.render(asking.document(question)))
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
        say(json_file.render(as_data.explained(experiment, wanted, rows.collected(Path(results), warn=warn))))
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
        say(json_file.render(as_data.findings(findings, can_run(findings), reasons() if usable() else None)))
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


def help_wanted(words: Sequence[str], found: Collection) -> str | None:
    """Names the command whose help a command line asks for, by -h or --help behind its name; None if it does not.

    invoke would take the word for the first argument of a command that has one.
    """
    names = [word for word in words if word in found.task_names or word in found.collections]
    if not names:
        return None
    after = words[words.index(names[0]) + 1 :]
    return names[0] if {"-h", "--help"} & set(after) else None


def print_help(name: str, found: Collection) -> None:
    """Prints a command's help as `invoke --help NAME` does."""
    try:
        Program(namespace=found, name=base.PROGRAM, binary=base.PROGRAM).run([base.PROGRAM, "--help", name], exit=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def collection() -> Collection:
    """Gives all commands, under the names of the contract."""
    found = Collection()
    for one in (run_experiment, run_all, matrix, judge, bisect.check, compare.compare, compare.history, report):
        found.add_task(one)
    for one in (own.new, own.try_, own.false_evidence):
        found.add_task(one)
    for one in (compare.bisected, compare.publish, list_, ask, explain, oom.oom, doctor, restore, sources):
        found.add_task(one)
    for one in (test, bench, testbed, faults) if paths.CHECKOUT else ():  # about the checkout itself
        found.add_task(one)
    found.add_collection(kernels.collection())
    return found


def prepare(words: Sequence[str], found: Collection) -> None:
    """Does with a command line what invoke can't: prints a command's help and exits, takes the files of `oom`, tells wrong
    usage in one line, and has that of `check` end as `git bisect run` needs it. words: without the program's name."""
    if name := help_wanted(words, found):
        print_help(name, found)
        sys.exit(errors.AS_KNOWN)
    again = None
    try:
        rest = command_line.commands_in(words)
        bisect.arm(rest)
        again = oom.rewritten(rest)
        command_line.check(again or rest, found)
    except UsageError as error:
        base.warn(error)
        sys.exit(error.status)
    if again:
        Program(namespace=found, name=base.PROGRAM, binary=base.PROGRAM).run([base.PROGRAM, *again])
        sys.exit(errors.AS_KNOWN)
