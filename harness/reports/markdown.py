"""report.md: what a run found, and all that it takes to dispute it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Expect, Guard, Range
from harness.claims.quantities import Quantity
from harness.evidence.recording import Trial
from harness.reports import kills, microscope, readings
from harness.reports.microscope import Look
from harness.reports.readings import Cell, Row
from harness.reports.wording import bound, code, counted, memory, number, over_trials, plain, setting, signed, spread, where
from harness.verdicts import judge, wording
from harness.verdicts.judge import Limits, Reading, Verdict
from harness.verdicts.judged import Judged, Outcome
from harness.verdicts.wording import human

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
AMOUNTS, COUNTS = 8, 4  # rows for what changed most, beside what the judge reads
COLUMNS = 6  # numbers side by side in a table: more can't be read


@dataclass(frozen=True)
class Line:
    """A reading in every trial: what it is for, what it must be, its values."""

    role: str
    name: str
    unit: str
    must: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Ranges:
    """Why an expectation decides: what is measured, both ranges, both references."""

    expect: Expect
    if_true: str
    if_false: str
    references: str


Heads = Sequence[tuple[str, Trial | None]]


def heads(cell: Cell) -> Heads:
    """A column's head for each trial, and the trial if its readings can be taken."""
    found: list[tuple[str, Trial | None]] = []
    for trial in cell.trials:
        if trial not in cell.whole:
            found.append((f"trial {trial.number} (no readings)", None))
        elif judge.guarded(cell.judged.experiment.guards, trial):
            found.append((f"trial {trial.number} (invalid)", trial))
        else:
            found.append((f"trial {trial.number}", trial))
    return found


def line(role: str, quantity: Quantity, must: str, trials: Heads) -> Line:
    return Line(
        role,
        quantity.name,
        quantity.unit,
        must,
        tuple("" if trial is None else number(quantity.read(trial)) for _, trial in trials),
    )


def numbers(cell: Cell, verdict: Verdict, trials: Heads) -> list[Line]:
    """Everything that decided a claim, trial by trial."""
    found = []
    for expect, of_expect in verdict.readings:
        true = over_trials(expect.if_true, held(expect.if_true, [one.if_true for one in of_expect], trials))
        false = over_trials(expect.if_false, held(expect.if_false, [one.if_false for one in of_expect], trials))
        found += [
            line("decides", expect.quantity, f"true: {true}; false: {false}", trials),
            line("must read true", expect.reads_true, true, trials),
            line("must read false", expect.reads_false, false, trials),
        ]
    for guard in cell.judged.experiment.guards:
        found.append(line("guard", guard.quantity, over_trials(guard.holds, held(guard.holds, [], trials)), trials))
    return found


def held(range_: Range, by_judge: Sequence[Limits | None], trials: Heads) -> Sequence[Limits | None]:
    """A range's numbers as the judge had them, or, where it had none, as each trial gives them."""
    return by_judge or [judge.resolve(range_, trial) for _, trial in trials if trial is not None]


def guard_bound(guard: Guard, trials: Heads) -> str:
    return bound(guard.holds, held(guard.holds, [], trials))


def ranges(expect: Expect, of_expect: Sequence[Reading], trials: Heads) -> Ranges:
    return Ranges(
        expect,
        bound(expect.if_true, held(expect.if_true, [one.if_true for one in of_expect], trials)),
        bound(expect.if_false, held(expect.if_false, [one.if_false for one in of_expect], trials)),
        wording.reference_phrase(expect, of_expect) if of_expect else "",
    )


@dataclass(frozen=True)
class Comparison:
    """The counters of one arm at its named moments.

    rows: each with whether the judge reads it, its change as memory, and its changes over all trials.
    """

    arm: str
    trial: int
    moments: tuple[str, ...]
    rows: tuple[tuple[Row, bool, str, str], ...]

    @property
    def tall(self) -> bool:
        """Whether there are too many moments for columns, so that each has a row."""
        return len(self.moments) > COLUMNS


def compare(cell: Cell) -> list[Comparison]:
    """Before and after, for each arm that has named moments, of the trial that is shown."""
    if cell.shown is None:
        return []
    return [compare_arm(cell, cell.shown, arm) for arm in cell.asked if cell.shown.arms[arm].samples]


def compare_arm(cell: Cell, trial: Trial, arm: str) -> Comparison:
    recording, read = trial.arms[arm], cell.asked[arm]
    every = [one.arms[arm] for one in cell.whole]
    moments = tuple(recording.samples)
    most = readings.changes(recording, moments, read.counters, AMOUNTS, COUNTS) if len(moments) > 1 else []
    rows = [(True, [readings.page_row(one, label, state, moments) for one in every]) for label, state in read.ranges]
    for counter in [*read.counters, *most]:
        rows.append((counter in read.counters, [readings.counter_row(one, counter, moments) for one in every]))
    found = Comparison(
        arm,
        trial.number,
        moments,
        tuple(
            (of_trials[0], is_read, as_memory(of_trials[0], recording.page_size), spread([one.change for one in of_trials]))
            for is_read, of_trials in rows
        ),
    )
    # A table with a row a moment has a column a reading: no more of what changed most than fills the last table.
    full = -(-max(sum(is_read for is_read, _ in rows), 1) // COLUMNS) * COLUMNS
    return replace(found, rows=found.rows[:full]) if found.tall else found


def as_memory(row: Row, page_size: int) -> str:
    size = {"pages": page_size, **readings.BYTES}.get(row.unit)
    return memory(row.change * size) if size and row.change else ""


def conditions(judged: Judged, around: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What held while the claim was put to the test: name and value, as Markdown."""
    starts = [one.start for trial in judged.trials for one in trial.arms.values() if one.start]
    machine = starts[0]["machine"] if starts else {}
    host, tools = (around.get(name, {}) for name in ("host", "versions"))
    found = [
        (
            "Kernel",
            f"Linux {plain(machine.get('release', judged.cell['kernel']))}"
            + (f", {plain(machine['arch'])}, {code(machine['version'])}" if machine else ""),
        )
    ]
    if judged.cell.get("package"):
        found.append(("Package", plain(judged.cell.get("package"))))
    if judged.cell["config"]:
        found.append(("Configuration", code(judged.cell["config"])))
    if machine:
        at = "QEMU guest" if machine["name"] == "vm" else "this host"
        accelerator = f" ({machine['accelerator'].upper()})" if machine["name"] == "vm" else ""
        qemu = f", QEMU {plain(tools['qemu'])}" if machine["name"] == "vm" and tools.get("qemu") else ""
        found += [
            (
                "Machine",
                f"{at}{accelerator}{qemu}, processors: {machine['cpus']}, MemTotal "
                f"{human(machine['memory'] // 1024)} KiB, pages of {human(machine['page_size'])} bytes",
            ),
            ("Command line", code(machine["command_line"]) or "empty"),
            ("Settings", settings(judged)),
            *on_host(machine),
        ]
    idle = "between two idle samples at the start of each recording"
    floor = judged.cell.get("noise")
    found.append(
        (
            "Noise floor",
            f"{idle}, and in {floor['runs']} runs of the empty procedure on Linux {plain(floor['kernel'])}" if floor else idle,
        )
    )
    if host:
        found.append(("Host", f"Linux {plain(host['release'])}, {plain(host['machine'])}, processors: {host['cpus']}"))
    return found


def on_host(machine: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What only the local machine says of itself: what its disks lie on, and who else may kill."""
    found = [("Disks", f"loop devices over files on {plain(machine['disks_on'])}")] if machine.get("disks_on") else []
    return found + ([("systemd-oomd", "runs: under pressure it may kill a sandbox")] if machine.get("oomd") else [])


def settings(judged: Judged) -> str:
    """Every setting as it was read back, each with its values where the recordings differ."""
    starts = [one.start for trial in judged.trials for one in trial.arms.values() if one.start]
    names = dict.fromkeys(name for start in starts for name in start.get("settings", {}))
    found = []
    for name in names:
        values = dict.fromkeys(start["settings"].get(name) for start in starts)
        if name not in {"memory", "cpus"}:  # the machine's size, not a setting of its kernel
            found.append(f"{name}={' or '.join('absent' if one is None else str(one) for one in values)}")
    own = [f"{name}={value}" for name, value in judged.cell.get("overridden", {}).items()]
    return plain(", ".join(found) + (f" (overridden; the experiment has {', '.join(own)})" if own else ""))


def has_series(cell: Cell) -> bool:
    return cell.shown is not None and any(recording.series for recording in cell.shown.arms.values())


def near(text: str) -> str:
    """An error's text with the paths of evidence as they are from the run's directory, wherever that lies."""
    return re.sub(r"/\S*/(?=experiments/)", "", text)


def is_surprise(row: Mapping[str, Any]) -> bool:
    """A verdict that differs from the known answer."""
    return row["known"] is not None and row["verdict"] not in {SKIPPED, row["known"]}


def anchor(outcome: Outcome, claim: str) -> str:
    """Of a claim's part of the report: the claim with the cell's setting and kernel, as its directory has them."""
    return claim + outcome.directory.name.removeprefix(outcome.experiment.name).replace("@", ".")


def looks(cell: Cell) -> list[tuple[str, list[Look]]]:
    """Each arm of the shown trial that looked at pages, and what it saw."""
    arms = cell.shown.arms if cell.shown else {}
    return [(arm, found) for arm in cell.asked if (found := microscope.looks(arms[arm]))]


def killed(cell: Cell) -> list[dict[str, Any]]:
    """Every victim of the shown trial."""
    return [row for arm in cell.asked if cell.shown for row in kills.rows(cell.shown.arms[arm])]


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many verdicts of each kind, how many surprises and errors."""
    rows = [row for one in outcomes for row in one.rows]
    kinds = [
        f"{count} {kind}"
        for kind in (CONFIRMED, REFUTED, UNDECIDED, SKIPPED)
        if (count := sum(row["verdict"] == kind for row in rows))
    ]
    surprises = counted(sum(map(is_surprise, rows)), "surprise")
    errors = counted(sum(len(one.failures) for one in outcomes), "error")
    return f"{counted(len(rows), 'verdict')}{': ' if kinds else ''}{', '.join(kinds)}; {surprises}; {errors}."


def load() -> None:
    """Imports the template engine and compiles the templates: 0.2 s."""
    for name in templates().list_templates():
        templates().get_template(name)


@cache
def templates() -> Environment:
    """The templates and what they may call."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    found.filters |= {"plain": plain, "near": near, "code": code, "number": number, "signed": signed, "link": quote}
    found.globals |= {
        "where": where,
        "setting": setting,
        "anchor": anchor,
        "ranges": ranges,
        "numbers": numbers,
        "guard_bound": guard_bound,
        "counted": counted,
        "settings": settings,
        "is_surprise": is_surprise,
        "COLUMNS": COLUMNS,
        "UNDECIDED": UNDECIDED,
        "SKIPPED": SKIPPED,
    }
    found.globals |= {"looks": looks, "columns": microscope.columns, "ROWS": microscope.ROWS, "kills": killed}
    return found


@dataclass(frozen=True)
class Section:
    """A cell's part of the report, as text: what it was made of can be forgotten."""

    outcome: Outcome
    text: str


def environment(run: Path) -> dict[str, Any]:
    """environment.json of a run; empty without one: the recordings have the machine and the settings too."""
    try:
        found: dict[str, Any] = json.loads((run / "environment.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def section(cell: Cell, plot: str | None, around: Mapping[str, Any]) -> str:
    """plot: its file's name below plots/, None if there is nothing to draw. around: the run's environment."""
    return (
        templates()
        .get_template("cell.md.j2")
        .render(
            cell=cell,
            judged=cell.judged,
            plot=plot,
            heads=heads(cell),
            comparisons=compare(cell),
            series=has_series(cell),
            conditions=conditions(cell.judged, around),
        )
    )


def render(run: Path, sections: Sequence[Section], around: Mapping[str, Any]) -> str:
    """The text of report.md."""
    return (
        templates()
        .get_template("report.md.j2")
        .render(
            run=run.name, started=around.get("started"), sections=sections, summary=summary([one.outcome for one in sections])
        )
    )
