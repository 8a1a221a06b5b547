"""Rows that the user named: of a run, of a kernel's newest results, of a setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import catalogue
from harness.claims.claim import Experiment
from harness.errors import LabError, UsageError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.linux import flavours
from harness.linux.sizes import MIB
from harness.reports.comparison import rows
from harness.reports.comparison.rows import in_order
from harness.verdicts import run_cells
from harness.verdicts.run_cells import RunCell


@dataclass(frozen=True)
class Selection:
    """Rows that the user named ("RUN", "RUN@6.1", "RUN@6.1@lru=classic", "6.1"), and the settings that were named. label: the
    same without where the run lies. broken: a line for each thing that is wrong with the runs' evidence, whose rows are
    none of these; unvouched: what of the runs nothing vouches for."""

    name: str
    rows: tuple[Row, ...]
    named: frozenset[str]
    label: str
    broken: tuple[str, ...] = ()
    unvouched: tuple[str, ...] = ()

    @property
    def kernels(self) -> list[str]:
        return in_order(row["kernel"] for row in self.rows)

    @property
    def series(self) -> list[str]:
        return in_order(row["series"] for row in self.rows)


def select(name: str, parent: Path) -> Selection:
    """Chooses the rows that a name says: of a run (its directory, its id, latest, reference), or, where there is no such run, the
    newest results of a kernel. Raises UsageError where there is neither, or no such row in it."""
    run, *filters = name.split("@")
    if run == rows.REFERENCE.name:
        return of_run(name, rows.REFERENCE, filters)
    try:
        directory = run_directory.find(run or "latest", parent)
    except UsageError:
        return newest(name, run, filters, parent)
    return of_run(name, directory, filters)


def of_run(name: str, directory: Path, filters: Sequence[str]) -> Selection:
    """Chooses rows of a run."""
    cells, damaged = run_directory.read_verdicts(directory)["verdicts"], damaged_cells(directory)
    everything = [row for row in cells if not any(of_cell(row, cell) for cell in damaged)]
    found = [row for row in everything if all(meets(row, one) for one in filters)]
    if filters and not found:
        raise UsageError(
            name,
            "no row of the run is so",
            f"its kernels are {', '.join(in_order(row['kernel'] for row in everything)) or 'none'}",
        )
    unvouched = run_cells.unvouched(directory)
    return Selection(
        name,
        tuple(found),
        settings_in(filters),
        "@".join([directory.name, *filters]),
        tuple(faults(damaged)),
        (unvouched,) if unvouched else (),
    )


def newest(name: str, kernel: str, filters: Sequence[str], parent: Path) -> Selection:
    """Chooses the newest row of each claim and setting on a kernel, of all runs and the reference. Rows under the settings that
    an experiment has by itself come before those for which others were asked."""
    unread: list[str] = []
    everything = rows.collected(parent, warn=lambda line: unread.append(str(line)) if isinstance(line, LabError) else None)
    conditions = [kernel, *filters]
    found = [row for row in everything if all(meets(row, one) for one in conditions)]
    runs = sorted({row["run"] for row in found})
    damaged = {run: damaged_cells(parent / run) for run in runs if (parent / run).is_dir()}
    found = [row for row in found if not any(of_cell(row, cell) for cell in damaged.get(row["run"], ()))]
    if not found:
        known = ", ".join(in_order(row["series"] for row in everything)) or "none"
        raise UsageError(
            f"run {name!r}",
            "there is no such run directory or id, nor results of such a kernel",
            f"kernels with results: {known}; `ls {parent}` lists runs",
        )
    chosen: dict[tuple[str, rows.Axis], Row] = {}
    for row in sorted(found, key=usual):  # a sort that keeps the order of those that are alike: the newest last
        chosen[row["claim"], rows.axis(row, axes_of(row["claim"]))] = row
    used = {row["run"] for row in chosen.values()}
    return Selection(
        name,
        tuple(chosen.values()),
        settings_in(filters),
        "@".join(["newest", *conditions]),
        tuple(f"{run}: {line}" for run in runs for line in faults(damaged.get(run, ()))),
        (*unread, *(line for run in sorted(used) if run in damaged and (line := run_cells.unvouched(parent / run)))),
    )


def settings_in(filters: Sequence[str]) -> frozenset[str]:
    """Names the settings among the conditions of a name."""
    return frozenset(one.partition("=")[0] for one in filters if "=" in one)


def axes_of(claim: str) -> tuple[str, ...]:
    """Names the settings under each of which a claim is asked; none of one that the catalogue does not have."""
    found = catalogue.claims().get(claim)
    return tuple(sorted(found[1].axes)) if found else ()


def usual(row: Row) -> bool:
    """Says whether a row is of the settings that its experiment has by itself today."""
    found = catalogue.claims().get(row["claim"])
    return found is None or not other_settings(row, found[1])


def other_settings(row: Row, experiment: Experiment) -> list[str]:
    """Names the settings of a row that are others than its experiment pins."""
    free = {*experiment.axes, *experiment.writes}
    pins = {name: value for name, value in experiment.conditions().items() if value != "the kernel's own" and name not in free}
    pins["memory"] = str(int(pins["memory"]) * MIB)
    given = [name for name, value in pins.items() if row["settings"].get(name, value) != value]
    return [*given, *(["append"] if row["settings"].get("append") else [])]


def damaged_cells(directory: Path) -> list[RunCell]:
    """Lists the cells of a run that can't be believed."""
    return [cell for cell in run_cells.cells_of(directory, unknown=True) if cell.faults]


def faults(cells: Sequence[RunCell]) -> Iterator[str]:
    """Gives a line for each thing that is wrong with cells."""
    for cell in cells:
        yield from (f"{cell.name}: {fault}" for fault in cell.faults)


def of_cell(row: Row, cell: RunCell) -> bool:
    """Says whether a row is of a cell: its experiment, kernel and settings. What kernel arguments were is told by their
    digest in the cell's name only, so that rows of all of them count as the cell's."""
    axis = {name: value for name, value in cell.cell["axis"].items() if name not in {"append", "memory"}}
    return (
        row["experiment"] == cell.experiment.name
        and cell.cell["kernel"] in {row["kernel"], "unknown"}
        and all(row["settings"].get(name, value) == value for name, value in axis.items())
    )


def meets(row: Row, condition: str) -> bool:
    """Says whether a row is of a kernel ("6.1": its series, "6.1-rt": a flavour of it, else how its release begins) or a setting
    ("lru=classic")."""
    setting, equals, value = condition.partition("=")
    if equals:
        return bool(row["settings"].get(setting) == value)
    named = flavours.parsed(condition)
    if named and named.flavour and named.means(row["kernel"]):
        return True
    return condition == row["series"] or bool(
        condition != "" and row["kernel"].startswith(condition) and not row["kernel"][len(condition) :][:1].isdigit()
    )
