"""The commands that look across runs: compare, history, bisected, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import errors
from harness.cli.base import RUNS, command, say, say_json, warn
from harness.errors import LabError, UsageError


@command(
    own=True,
    first="a run (of it a kernel or setting: RUN, RUN@6.1, RUN@lru=classic, reference@6.12), or a kernel: its newest results",
    second="another",
    claims="only the claims that one side confirms and the other refutes, with what is known of the change",
    fail_on_change="exit with 3 if anything differs",
    results="where run directories are",
    json="print it as JSON (docs/json.md)",
)
def compare(
    context: Any,
    first: str,
    second: str,
    claims: bool = False,
    fail_on_change: bool = False,
    results: str = RUNS,
    json: bool = False,
) -> int:
    """Compare two runs, kernels or settings: which verdicts and quantities differ."""
    from harness.reports.comparison import as_data, changed_claims, differences, run_noise, selection

    found = differences.compare(*(selection.select(name, Path(results)) for name in (first, second)))
    known = run_noise.published()
    for side in (found.one, found.other):
        for line in side.unvouched:
            warn(line)
    if json:
        say_json(as_data.comparison(found, known))
    for line in () if json else changed_claims.lines(found) if claims else differences.lines(found, known):
        say(line)
    changed = changed_claims.changes(found) if claims else found.verdicts() or found.quantities(known)[0]
    if found.one.broken or found.other.broken:
        return errors.BROKEN
    return errors.SURPRISE if fail_on_change and changed else errors.AS_KNOWN


@command(own=True, claim="the id of a claim", results="where run directories are", json="print it as JSON (docs/json.md)")
def history(context: Any, claim: str, results: str = RUNS, json: bool = False) -> int:
    """Show a claim over the kernels that were run, with the change points."""
    from harness import catalogue
    from harness.reports.comparison import as_data, rows
    from harness.reports.comparison.history import printed

    experiment, found = catalogue.find(claim)
    collected = rows.collected(Path(results), warn=warn)
    wanted = [found] if found else list(experiment.claims)
    if json:
        say_json(as_data.histories(wanted, collected))
    for one in [] if json else wanted:
        for line in printed(one, collected):
            say(line)
    return errors.AS_KNOWN


@command(
    own=True,
    claim="the id of a claim",
    log="a file with what `git bisect log` wrote",
    want="the verdict that was good: confirmed or refuted",
    to="the reference that it is kept with",
)
def bisected(context: Any, claim: str, log: str, want: str, to: str = "results/reference") -> int:
    """Keep what a bisection found: `compare --claims` and `history` name the commit from then on."""
    from harness import catalogue
    from harness.cli.bisect import check_want
    from harness.reports.comparison import bisections

    _, found = catalogue.find(claim)
    if found is None:
        raise UsageError(f"claim {claim!r}", "it is an experiment", "name one of its claims")
    check_want(want)
    try:
        text = Path(log).read_text("utf-8", "backslashreplace")
    except OSError as error:
        raise UsageError(f"log {log}", error.strerror or "can't be read", "write it with: git bisect log > FILE") from error
    one = bisections.read(text, found.id, want, f"log {log}")
    bisections.add(one, Path(to))
    say(f"{one.claim}  {one.commit}  {one.subject}  (between {one.good} and {one.bad})")
    return errors.AS_KNOWN


@command(
    runs="runs, separated by commas; where several have a cell, the last one's counts",
    noise="whole runs of one kernel (of a matrix: RUN@6.12), separated by commas: their noise is published too",
    to="where it is written",
    all="the reference is to have the rows of these runs and no others",
    replace="with --all: also where it loses rows that these runs do not have",
    current="keep no row of an experiment that is another by now, or of another release of a series that these runs have",
    redraw="without runs: every page and picture anew, from the rows that are published",
    results="where run directories are",
)
def publish(
    context: Any,
    runs: str = "latest",
    noise: str = "",
    to: str = "results/reference",
    all: bool = False,
    replace: bool = False,
    current: bool = False,
    redraw: bool = False,
    results: str = RUNS,
) -> int:
    """Add runs to the reference matrix, or update what it has of them: table, a page for each claim, plots, verdicts.json,
    noise, and the same as a site."""
    from harness.evidence import run_directory
    from harness.reports.comparison import reference, selection
    from harness.reports.site import site, subject
    from harness.verdicts import run_cells

    if replace and not all:
        raise UsageError("--replace", "without --all no row is lost", "leave it out, or add --all")
    if current and (all or redraw):
        raise UsageError("--current", "it is about rows that these runs do not have", "leave out --all and --redraw")
    if redraw and (all or runs != "latest"):
        raise UsageError("--redraw", "it adds and removes no row", "leave out --all and --runs")
    if redraw and not (Path(to) / "verdicts.json").exists():
        raise UsageError(f"--to {to}", "no reference is there", "publish a run first")
    names = "" if redraw else runs
    wanted, several = ([name.strip() for name in given.split(",") if name.strip()] for given in (names, noise))
    found = [run_directory.find(name, Path(results)) for name in wanted]
    noisy = [selection.select(name, Path(results)) for name in several]
    if len(noisy) == 1:
        raise UsageError(f"--noise {noise}", "one run has no noise", "name at least two, separated by commas")
    for run in found:
        warn(run_cells.unvouched(run))
    try:
        made = reference.publish(found, noisy, Path(to), all, replace, current)
        first = site.write(subject.of_reference(Path(to)))
    except OSError as error:
        raise LabError(f"reference {to}", error.strerror or "can't be written", "free some room or name another --to") from error
    for line in made.lines():
        say(line)
    size = sum(path.stat().st_size for path in Path(to).rglob("*") if path.is_file())
    say(f"{Path(to) / 'README.md'}: {len(made.cells.rows)} rows on {', '.join(made.cells.kernels)}; {size / 1e6:.1f} MB in all")
    say(f"Site: {first}")
    damaged = [*made.cells.damaged, *(line for one in noisy for line in one.broken)]
    for line in damaged:
        say(f"BROKEN  {line}")
    return errors.BROKEN if damaged else errors.AS_KNOWN
