"""One trial of a file, and what was read of it: the way to find the quantity that decides."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import errors, experiment_files
from harness.claims.claim import Experiment
from harness.evidence import recording
from harness.evidence.recording import Recording, Trial
from harness.experiment_files import Problem
from harness.linux.pages import KINDS
from harness.machine.guest import accelerator
from harness.machine.processes import fleet
from harness.reports import readings, wording
from harness.reports.kills import rows as killed
from harness.reports.readings import Row, Watched
from harness.run.cell import cells
from harness.run.matrix import find_kernels
from harness.run.options import RunOptions
from harness.run.trial import run_arms
from harness.verdicts import judge

HAND = "hand"  # the lab's own, which sets the machine up and looks for what there is
AMOUNTS, COUNTS = 12, 6  # rows for what changed most


def load(path: Path) -> Experiment:
    """Loads a file's experiment, or makes one without a claim of its procedure. Raises UsageError where it has neither."""
    found = experiment_files.of_file(path)
    if isinstance(found, Problem):
        raise found.error
    return found


def attempt(path: Path, options: RunOptions) -> tuple[int, list[str]]:
    """Runs one trial: its exit status, and the lines that tell of it."""
    experiment = load(path)
    (kernel,) = find_kernels(options)[:1]
    chosen = "host" if options.permissions else accelerator.choose(kernel)[0]
    cell = cells(experiment, kernel, options, chosen)[0]
    with tempfile.TemporaryDirectory(prefix="folklab-") as place, fleet.running():
        status, reason = run_arms(cell, 1, Path(place))
        arms = {
            arm: Watched(recording.read(file).events)
            for arm in experiment.arms
            if (file := Path(place) / recording.name_of(1, arm)).exists()
        }
    told = list(lines(experiment, Trial(1, dict(arms)), kernel.release))
    ends = {"ok": errors.AS_KNOWN, "skipped": errors.NOTHING_RAN, "absent": errors.NOTHING_RAN}
    if status != "ok":
        told.append(f"{status}: {reason}")
    return ends.get(status, errors.BROKEN), told


def lines(experiment: Experiment, trial: Trial, release: str) -> Iterator[str]:
    """Tells a trial moment by moment, arm by arm, then what its readings say of each claim."""
    asked = readings.asked(experiment, trial) if set(trial.arms) == set(experiment.arms) else {}
    for arm, one in trial.arms.items():
        moments = tuple(one.samples)
        yield f"{experiment.name}{f', arm {arm}' if arm else ''}: one trial on {release}, moments: {', '.join(moments) or 'none'}"
        for event in one.operations:
            if event["target"] != HAND and (event["error"] or event["ended"] is not None):
                how = f"errno {event['error']}" if event["error"] else f"it ended with wait status {event['ended']}"
                yield f"  {event['target']}: {event['operation']} {event['arguments']} {event['text']!r}: {how}"
        for name, value in one.records.items():
            yield f"  recorded {name}: {str(value)[:200]}"
        for victim in killed(one):
            yield f"  killed by the OOM killer: {victim['probe']}"
        yield from table(of_pages(one, moments), moments)
        read = [readings.counter_row(one, name, moments) for name in (asked[arm].counters if arm in asked else ())]
        most = readings.changes(one, moments, [row.name for row in read], AMOUNTS, COUNTS) if len(moments) > 1 else []
        yield from table([*read, *(readings.counter_row(one, name, moments) for name in most)], moments)
    if asked:
        yield from judged(experiment, trial)


def of_pages(one: Recording, moments: tuple[str, ...]) -> list[Row]:
    """Counts the pages of each range by what they are, at each moment at which they were looked at."""
    looked = {event["label"]: event["kind"] for event in one.events if event["event"] == "pages"}
    found = []
    for label, kind in looked.items():
        states = ("resident",) if kind == "mincore" else KINDS
        rows = [readings.page_row(one, label, state, moments) for state in states]
        found += [row for row in rows if any(row.values)] or rows[:1]
    return found


def table(rows: list[Row], moments: tuple[str, ...]) -> Iterator[str]:
    """Sets readings out in columns, a moment each, with the change from the first to the last."""
    if not rows:
        return
    heads = ["", *moments, *(["change"] if len(moments) > 1 else []), "unit"]
    cells = [
        [
            row.name,
            *("" if value is None else wording.number(value) for value in row.values),
            *(["" if row.change is None else wording.signed(row.change)] if len(moments) > 1 else []),
            row.unit,
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in [heads, *cells]) for column in range(len(heads))]
    for line in [heads, *cells]:
        first, *middle, last = line
        numbers = (text.rjust(width) for text, width in zip(middle, widths[1:-1], strict=True))
        yield "  " + "  ".join([first.ljust(widths[0]), *numbers, last]).rstrip()


def judged(experiment: Experiment, trial: Trial) -> Iterator[str]:
    """Says what the readings say of each claim: a verdict takes all its trials."""
    if why := judge.guarded(experiment.guards, trial):
        yield f"  a guard does not hold: {why}"
    for expect in experiment.expects:
        found = judge.read(expect, trial)
        yield (
            f"  {expect.claim.id}: {expect.quantity.name} = {wording.number(found.value)} "
            f"(true: {found.if_true}, false: {found.if_false}); references: {wording.number(found.reads_true)} must read true, "
            f"{wording.number(found.reads_false)} must read false; this trial says {found.outcome or 'nothing: ' + found.why}"
        )
