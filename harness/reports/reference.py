"""The published matrix: claims × kernels × settings as pages in git, made of the rows and plots of whole runs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import catalogue, results, rows
from harness.claims import SKIPPED, Claim, Expect, Experiment, Known
from harness.errors import UsageError
from harness.reports import history, markdown, noise
from harness.reports.answer import setting, tally, where
from harness.reports.history import Line
from harness.reports.listing import known_text
from harness.reports.wording import bound
from harness.results import Outcome
from harness.rows import Row
from harness.verdicts import spread

PAGES, PLOTS = "claims", "plots"
NO_ROW = "—"


@dataclass(frozen=True)
class Entry:
    """A row and where it is from: its run's directory and its cell's name there."""

    row: dict[str, Any]
    run: Path
    cell: str

    @property
    def plot(self) -> Path:
        return self.run / "plots" / f"{self.cell}.svg"


@dataclass(frozen=True)
class Cells:
    """All that is published. entries: each claim, kernel and setting once. errors: of cells that have no verdict."""

    entries: tuple[Entry, ...]
    errors: tuple[dict[str, Any], ...]
    around: tuple[Mapping[str, Any], ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [entry.row for entry in self.entries]

    @property
    def kernels(self) -> list[str]:
        return rows.in_order(row["kernel"] for row in self.rows)

    @property
    def runs(self) -> list[str]:
        return sorted({row["run"] for row in self.rows})


def outcomes(run: Path) -> Iterable[Outcome]:
    """A run's cells that are finished."""
    for path in sorted((run / "experiments").glob("*/cell.json")):
        cell = results.read_cell(path.parent)
        # One that is not in the catalogue is an experiment of the user's own, or of another day.
        if "verdicts" in cell and cell["experiment"] in catalogue.load():
            yield Outcome(path.parent, cell, catalogue.load()[cell["experiment"]], cell["verdicts"],
                          results.failures_of(cell), cell["absent"])


def gather(runs: Sequence[Path]) -> Cells:
    """The cells of runs; where several have the same one, the last run's stands."""
    found: dict[tuple[str, str, str], Entry] = {}
    broken: dict[tuple[str, str], dict[str, Any]] = {}
    for run in runs:
        for one in outcomes(run):
            axis = setting(one.cell["axis"])
            for row in one.rows:
                told = {**row, "why": markdown.near(row["why"]), "run": run.name}
                found[row["claim"], row["kernel"], axis] = Entry(told, run, one.directory.name)
            for failure in one.failures:
                broken[f"{one.experiment.name} {axis}", failure["kernel"]] = {
                    **failure, "what": markdown.near(failure["what"])}
    if not found:
        raise UsageError(f"runs {', '.join(run.name for run in runs)}", "they have no verdict", "`invoke matrix` makes one")
    order = sorted(found, key=lambda key: (key[0], rows.age(key[1]), key[2]))
    return Cells(tuple(found[key] for key in order), tuple(broken.values()),
                 tuple(markdown.environment(run) for run in runs))


def publish(runs: Sequence[Path], noisy: Sequence[Path], to: Path) -> Cells:
    """Writes README.md, a page for each claim, plots and verdicts.json into `to`; noise.json and noise.md of the runs
    `noisy`, if there are any (else those that are there stay)."""
    cells = gather(runs)
    to.mkdir(parents=True, exist_ok=True)
    for name in (PAGES, PLOTS):
        shutil.rmtree(to / name, ignore_errors=True)
        (to / name).mkdir()
    if noisy:
        noise.write(noisy, to)
    for claim, experiment in sections(cells):
        lines = history.of_claim(claim, cells.rows)
        plots = copy_plots(claim, cells, to)
        text = template("claim.md.j2").render(page=page(claim, experiment, lines, cells), plots=plots)
        (to / PAGES / f"{claim.id}.md").write_text(text, "utf-8")
    (to / "README.md").write_text(template("reference.md.j2").render(
        cells=cells, index=index(cells), kernels=kernel_table(cells), noise=(to / noise.PAGE).exists(),
        tally=tally(cells.rows), surprises=[row for row in cells.rows if markdown.is_surprise(row)]), "utf-8")
    document = results.document(Path("+".join(cells.runs)), cells.rows, cells.errors)
    results.write_json(to / "verdicts.json", document)
    return cells


def template(name: str) -> Any:
    found = markdown.templates()
    found.globals |= {"numbers": numbers, "known_text": known_text, "bound": bound, "dict": dict}
    return found.get_template(name)


def sections(cells: Cells) -> list[tuple[Claim, Experiment]]:
    """The claims that have a row, section by section as the catalogue has them."""
    there = {row["claim"] for row in cells.rows}
    found = [pair for claim, pair in catalogue.claims().items() if claim in there]
    order = {section: index for index, section in enumerate(dict.fromkeys(claim.section for claim, _ in found))}
    return sorted(found, key=lambda pair: order[pair[0].section])


# The table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TableRow:
    """A claim under settings that agree on all kernels: a word for each kernel."""

    claim: Claim
    settings: str
    words: tuple[str, ...]


def word(row: Row | None) -> str:
    """A verdict in the table; one that is not the known answer says so."""
    if row is None:
        return NO_ROW
    known = f" (known: {row['known']})" if markdown.is_surprise(row) else ""
    return f"**{row['verdict']}**{known}" if row["verdict"] == "refuted" or known else str(row["verdict"])


def table_rows(claim: Claim, cells: Cells) -> list[TableRow]:
    """Settings that agree on every kernel that they share are one row."""
    found: list[tuple[list[Line], dict[str, Row]]] = []
    for line in history.of_claim(claim, cells.rows):
        own = {row["kernel"]: row for row in line.rows}
        for lines, merged in found:
            if all(word(merged[kernel]) == word(own[kernel]) for kernel in set(own) & set(merged)):
                lines.append(line)
                merged |= {kernel: row for kernel, row in own.items() if kernel not in merged}
                break
        else:
            found.append(([line], own))
    return [TableRow(claim, labels(lines), tuple(word(merged.get(kernel)) for kernel in cells.kernels))
            for lines, merged in found]


def labels(lines: Sequence[Line]) -> str:
    """"lru classic, mglru"."""
    values: dict[str, dict[str, None]] = {}
    for line in lines:
        for name, value in line.axis:
            values.setdefault(name, {})[value] = None
    return "; ".join(f"{name} {', '.join(several)}" for name, several in values.items())


@dataclass(frozen=True)
class Index:
    """What README.md lists: sections with their rows, what changes from kernel to kernel, what settings change."""

    sections: dict[str, list[TableRow]]
    changes: list[tuple[Claim, str]]
    settings: list[tuple[Claim, str]]


def index(cells: Cells) -> Index:
    found: dict[str, list[TableRow]] = {}
    changes, settings = [], []
    for claim, _ in sections(cells):
        lines = history.of_claim(claim, cells.rows)
        found.setdefault(claim.section, []).extend(table_rows(claim, cells))
        changes += [(claim, f"{setting(dict(line.axis)) + ': ' if line.axis else ''}{line.summary()}")
                    for line in lines if line.changes()]
        settings += [(claim, said) for said in apart(lines)]
    return Index(found, changes, settings)


def apart(lines: Sequence[Line]) -> list[str]:
    """Kernel by kernel, the verdicts that differ with the setting."""
    by_kernel: dict[str, dict[str, str]] = {}
    for line in lines:
        for row in line.rows:
            if row["verdict"] in history.DECIDED:
                by_kernel.setdefault(row["kernel"], {})[setting(dict(line.axis))] = row["verdict"]
    said: dict[str, list[str]] = {}
    for kernel in rows.in_order(by_kernel):
        if len(set(by_kernel[kernel].values())) > 1:
            words = ", ".join(f"{verdict} with {axis}" for axis, verdict in by_kernel[kernel].items())
            said.setdefault(words, []).append(kernel)
    return [f"{words} (on {', '.join(kernels)})" for words, kernels in said.items()]


def kernel_table(cells: Cells) -> list[dict[str, Any]]:
    """Each kernel: its package, and how its verdicts stand."""
    about = {kernel["release"]: kernel for around in cells.around for kernel in around.get("kernels", ())}
    found = []
    for release in cells.kernels:
        own = [row for row in cells.rows if row["kernel"] == release]
        package = about.get(release, {}).get("source") or ""
        found.append({"release": release, "series": own[0]["series"], "where": where(own[0]).removeprefix(release).strip(" ()"),
                      "package": package if not package.startswith("/") else "by path", "tally": tally(own),
                      "config": own[0]["config"] or "not known"})
    return found


# A claim's page --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """The numbers of one expectation under one setting on one kernel, over its trials."""

    kernel: str
    setting: str
    value: str
    if_true: str
    if_false: str
    reads_true: str
    reads_false: str


@dataclass(frozen=True)
class Page:
    claim: Claim
    experiment: Experiment
    lines: tuple[Line, ...]
    same: dict[str, str]
    known: tuple[Known, ...]

    @property
    def expects(self) -> list[Expect]:
        return [expect for expect in self.experiment.expects if expect.claim == self.claim]

    @property
    def rows(self) -> list[tuple[str, Row]]:
        """Setting and row, kernel by kernel."""
        found = [(setting(dict(line.axis)), row) for line in self.lines for row in line.rows]
        return sorted(found, key=lambda pair: (rows.age(pair[1]["kernel"]), pair[0]))

    @property
    def runs(self) -> list[str]:
        return sorted({row["run"] for _, row in self.rows})


def page(claim: Claim, experiment: Experiment, lines: Sequence[Line], cells: Cells) -> Page:
    own = [row for line in lines for row in line.rows]
    shared = {name: value for name, value in own[0]["settings"].items()
              if all(row["settings"].get(name, value) == value for row in own)}
    return Page(claim, experiment, tuple(lines), shared, claim.known)


def numbers(of: Page, expect: Expect) -> list[Reading]:
    """An expectation's numbers on every kernel. A row of another version may lack it."""
    found = []
    for axis, row in of.rows:
        names = [entry["name"] for entry in row["quantities"]]
        if row["verdict"] == SKIPPED or expect.quantity.name not in names:
            continue
        at = names.index(expect.quantity.name)
        entry, (true, false) = row["quantities"][at], row["references"][2 * at:2 * at + 2]
        found.append(Reading(row["kernel"], axis, spread(entry["values"]), bounds(entry["if_true"]),
                             bounds(entry["if_false"]), spread(true["values"]), spread(false["values"])))
    return found


def bounds(text: str) -> str:
    """A range of verdicts.json with separators in its numbers."""
    return re.sub(r"(?<![\d.])\d{4,}(?!\.?\d)", lambda number: f"{int(number[0]):,}", text)


def copy_plots(claim: Claim, cells: Cells, to: Path) -> list[tuple[str, str]]:
    """The plots that tell a claim's story: of each verdict that it has, the one on the newest kernel, with what it
    shows. A plot of several claims is there once."""
    own = sorted((entry for entry in cells.entries if entry.row["claim"] == claim.id and entry.plot.exists()),
                 key=lambda entry: (rows.age(entry.row["kernel"]), entry.cell), reverse=True)
    chosen: dict[str, Entry] = {}
    for entry in own:
        if entry.row["verdict"] in history.DECIDED:
            chosen.setdefault(entry.row["verdict"], entry)
    found = []
    for verdict, entry in chosen.items():
        name = re.sub(r"[^\w.=-]+", ".", entry.cell.replace(entry.row["kernel"], entry.row["series"])) + ".svg"
        if not (to / PLOTS / name).exists():
            shutil.copyfile(entry.plot, to / PLOTS / name)
        found.append((name, f"{verdict} on {entry.row['kernel']}"))
    return found
