"""The published matrix as data, and its table: claims × kernels × settings, and what stands out in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import catalogue
from harness.claims.claim import DECIDED, Claim, Experiment
from harness.evidence.schema import EnvironmentFile, FailureRow, Row
from harness.reports.comparison import history, rows
from harness.reports.comparison.history import Line
from harness.reports.wording import setting, tally, where
from harness.verdicts.classify import Standing, classify, is_surprise

NO_ROW = "—"


@dataclass(frozen=True)
class Entry:
    """A row, and its cell's plot: where that is, and what it is called among the published ones. asked: the settings that
    whoever ran it asked for."""

    row: Row
    plot: Path
    name: str
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cells:
    """All that is published. entries: each claim, kernel and setting once. errors: of cells that have no verdict. damaged: a
    line for each thing that is wrong with the evidence of the runs, which is among those errors."""

    entries: tuple[Entry, ...]
    errors: tuple[FailureRow, ...]
    around: tuple[EnvironmentFile, ...]
    damaged: tuple[str, ...] = ()

    @property
    def rows(self) -> list[Row]:
        return [entry.row for entry in self.entries]

    @property
    def kernels(self) -> list[str]:
        return rows.in_order(row["kernel"] for row in self.rows)

    @property
    def runs(self) -> list[str]:
        return sorted({row["run"] for row in self.rows})


def sections(cells: Cells) -> list[tuple[Claim, Experiment]]:
    """Lists the claims that have a row, section by section in the order of the catalogue's sections."""
    there = {row["claim"] for row in cells.rows}
    order = catalogue.section_order()
    return sorted(
        (pair for claim, pair in catalogue.claims().items() if claim in there), key=lambda pair: order.index(pair[0].section)
    )


@dataclass(frozen=True)
class TableRow:
    """A claim under settings that agree on all kernels: a word for each kernel. first: of the claim's rows."""

    claim: Claim
    first: bool
    settings: str
    words: tuple[str, ...]


def word(row: Row | None) -> str:
    """Says a verdict in the table; one that is not the known answer says so."""
    if row is None:
        return NO_ROW
    known = f" (known: {row['known']})" if is_surprise(row) else ""
    return f"**{row['verdict']}**{known}" if row["verdict"] == "refuted" or known else str(row["verdict"])


def table_rows(claim: Claim, cells: Cells) -> list[TableRow]:
    """Makes a claim's rows: settings that agree on every kernel that they share are one."""
    found: list[tuple[list[Line], dict[str, Row]]] = []
    for line in history.of_claim(claim.id, cells.rows):
        own = {row["kernel"]: row for row in line.rows}
        for lines, merged in found:
            if all(word(merged[kernel]) == word(own[kernel]) for kernel in set(own) & set(merged)):
                lines.append(line)
                merged |= {kernel: row for kernel, row in own.items() if kernel not in merged}
                break
        else:
            found.append(([line], own))
    return [
        TableRow(claim, not number, labels(lines), tuple(word(merged.get(kernel)) for kernel in cells.kernels))
        for number, (lines, merged) in enumerate(found)
    ]


def labels(lines: Sequence[Line]) -> str:
    """Names the settings of several lines: "lru classic, mglru"."""
    values: dict[str, dict[str, None]] = {}
    for line in lines:
        for name, value in line.axis:
            values.setdefault(name, {})[value] = None
    return "; ".join(f"{name} {', '.join(several)}" for name, several in values.items())


@dataclass(frozen=True)
class Index:
    """What README.md lists: sections with their rows, what changes from kernel to kernel, what settings change, and
    what is a surprise or undecided, each with why it came out so."""

    sections: dict[str, list[TableRow]]
    changes: list[tuple[Claim, str]]
    settings: list[tuple[Claim, str]]
    surprises: list[tuple[Claim, str, str]]
    undecided: list[tuple[Claim, str, str]]

    @property
    def claims(self) -> int:
        return len({row.claim.id for section in self.sections.values() for row in section})


def index(cells: Cells) -> Index:
    found: dict[str, list[TableRow]] = {}
    changes, settings, surprises, undecided = [], [], [], []
    for claim, _ in sections(cells):
        lines = history.of_claim(claim.id, cells.rows)
        found.setdefault(claim.section, []).extend(table_rows(claim, cells))
        changes += [(claim, said) for said in changed(lines)]
        settings += [(claim, said) for said in apart(lines)]
        surprises += [(claim, said, why) for said, why in standing(lines, Standing.SURPRISE).items()]
        undecided += [(claim, said, why) for said, why in standing(lines, Standing.UNDECIDED).items()]
    return Index(found, changes, settings, surprises, undecided)


def standing(lines: Sequence[Line], wanted: Standing) -> dict[str, str]:
    """Lists the verdicts that stand so, with the kernels that have them, and why on the newest."""
    kernels: dict[str, list[str]] = {}
    why: dict[str, str] = {}
    for line in lines:
        axis = f" with {setting(dict(line.axis))}" if line.axis else ""
        for row in (row for row in line.rows if classify(row) is wanted):
            said = f"{row['verdict']}{axis}" + (f", known: {row['known']}" if is_surprise(row) else "")
            kernels.setdefault(said, []).append(row["kernel"])
            why[said] = row["why"]
    return {f"{said} (on {', '.join(on)})": why[said] for said, on in kernels.items()}


def changed(lines: Sequence[Line]) -> list[str]:
    """Lists the summaries of lines that change from kernel to kernel, each once, with the settings that have it."""
    same: dict[str, list[Line]] = {}
    for line in lines:
        if line.changes():
            same.setdefault(line.summary(), []).append(line)
    return [(f"{labels(those)}: " if labels(those) else "") + said for said, those in same.items()]


def apart(lines: Sequence[Line]) -> list[str]:
    """Lists the verdicts that differ with the setting, and on which kernels."""
    by_kernel: dict[str, dict[str, list[Line]]] = {}
    for line in lines:
        for row in line.rows:
            if row["verdict"] in DECIDED:
                by_kernel.setdefault(row["kernel"], {}).setdefault(row["verdict"], []).append(line)
    said: dict[str, list[str]] = {}
    for kernel in rows.in_order(by_kernel):
        if len(by_kernel[kernel]) > 1:
            words = "; ".join(f"{verdict} with {labels(those)}" for verdict, those in by_kernel[kernel].items())
            said.setdefault(words, []).append(kernel)
    return [f"{words} (on {', '.join(kernels)})" for words, kernels in said.items()]


@dataclass(frozen=True)
class KernelLine:
    """A kernel of the table: where it ran, the package that it is from, and how its verdicts stand."""

    release: str
    series: str
    where: str
    package: str
    tally: str


def kernel_table(cells: Cells) -> list[KernelLine]:
    """Lists each kernel that has a row."""
    sources = {kernel["release"]: kernel.get("source") for around in cells.around for kernel in around.get("kernels", ())}
    found = []
    for release in cells.kernels:
        own = [row for row in cells.rows if row["kernel"] == release]
        package = sources.get(release) or ""
        found.append(
            KernelLine(
                release=release,
                series=own[0]["series"],
                where=where(own[0]).removeprefix(release).strip(" ()"),
                package="by path" if package.startswith("/") else package,
                tally=tally(own),
            )
        )
    return found
