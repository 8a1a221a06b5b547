"""What a site tells of: the claims that have a verdict in a run or in the published reference, with rows, kernels, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness import catalogue
from harness.claims.claim import Claim, Experiment
from harness.errors import UsageError
from harness.evidence import run_directory
from harness.evidence.schema import EnvironmentFile, FailureRow, Row
from harness.reports.comparison import history, publication, rows, selection
from harness.reports.comparison.history import Line
from harness.reports.wording import near
from harness.verdicts import run_cells
from harness.verdicts.run_cells import RunCell


@dataclass(frozen=True)
class Cell:
    """A cell by its name, and where its evidence lies, as a path from the run's directory."""

    name: str
    directory: str


@dataclass(frozen=True)
class Asked:
    """A claim with the experiment that decides it, and its rows: a line for each setting. published: the reference's rows."""

    claim: Claim
    experiment: Experiment
    lines: tuple[Line, ...]
    published: tuple[Row, ...] = ()

    @property
    def rows(self) -> list[Row]:
        return [row for line in self.lines for row in line.rows]

    @property
    def old(self) -> bool:
        """Says whether another version of the experiment than the one that is shown has measured a row."""
        return any(row["version"] != self.experiment.version for row in self.rows)


@dataclass(frozen=True)
class Subject:
    """A run or the reference.

    root: its directory, in which the site is made. reference: whether it is the published one. around: what is known of the
    machines. cells: id() of a row → the cell. errors: of cells without a verdict. published: the reference's rows.
    """

    root: Path
    name: str
    reference: bool
    rows: tuple[Row, ...]
    experiments: Mapping[str, tuple[Claim, Experiment]]
    errors: tuple[FailureRow, ...] = ()
    around: tuple[EnvironmentFile, ...] = ()
    cells: Mapping[int, Cell] = field(default_factory=dict)
    published: tuple[Row, ...] = ()

    @cached_property
    def claims(self) -> list[Asked]:
        """Lists the claims section by section, in the order of the catalogue's sections."""
        order = catalogue.section_order()
        published: dict[str, list[Row]] = {}
        for row in self.published:
            published.setdefault(row["claim"], []).append(row)
        found = [
            Asked(claim, experiment, tuple(history.of_claim(claim.id, self.rows)), tuple(published.get(name, ())))
            for name, (claim, experiment) in self.experiments.items()
        ]
        last = len(order)
        return sorted(found, key=lambda one: order.index(one.claim.section) if one.claim.section in order else last)

    @cached_property
    def kernels(self) -> list[str]:
        """Lists the releases, the oldest first."""
        return rows.in_order(row["kernel"] for row in self.rows)

    @cached_property
    def names(self) -> dict[str, str]:
        """Maps release → what it is called: its series, if no other release here has the same."""
        series: dict[str, set[str]] = {}
        for row in self.rows:
            series.setdefault(row["series"], set()).add(row["kernel"])
        return {row["kernel"]: row["series"] if len(series[row["series"]]) == 1 else row["kernel"] for row in self.rows}

    @property
    def runs(self) -> list[str]:
        return sorted({row["run"] for row in self.rows})


def of_run(run: Path) -> Subject:
    """Reads a run as it was judged last, without the rows of damaged cells. Raises UsageError for one without any row."""
    content = run_directory.read_verdicts(run)
    of_experiment: dict[str, list[RunCell]] = {}
    for cell in run_cells.cells_of(run, unknown=True):
        of_experiment.setdefault(cell.experiment.name, []).append(cell)
    found: list[Row] = []
    cells: dict[int, Cell] = {}
    experiments: dict[str, tuple[Claim, Experiment]] = {}
    for row in content["verdicts"]:
        own = next((cell for cell in of_experiment.get(row["experiment"], ()) if selection.of_cell(row, cell)), None)
        claim = next((one for one in own.experiment.claims if one.id == row["claim"]), None) if own else None
        if own and claim and not own.faults:  # a row of an older version may be of a claim that is gone
            told: Row = {**row, "why": near(row["why"]), "run": run.name}
            found.append(told)
            cells[id(told)] = Cell(own.name, f"experiments/{own.name}")
            experiments[claim.id] = (claim, own.experiment)
    damaged = [failure for several in of_experiment.values() for cell in several for failure in cell.failures]
    told_of = {(one["experiment"], one["kernel"], one["what"]): one for one in (*content["errors"], *damaged)}
    errors: list[FailureRow] = [{**one, "what": near(one["what"])} for one in told_of.values()]
    if not found and not errors:
        raise UsageError(f"run {run.name}", "it has no verdict", "`invoke run-experiment` or `invoke matrix` makes some")
    return Subject(
        run,
        run.name,
        False,
        tuple(found),
        experiments,
        tuple(errors),
        (run_directory.read_environment(run),),
        cells,
        tuple(reference_rows(rows.REFERENCE)),
    )


def of_reference(directory: Path) -> Subject:
    """Reads a published reference."""
    content = run_directory.read_verdicts(directory)
    known = catalogue.claims()
    found = tuple(row for row in reference_rows(directory) if row["claim"] in known)
    experiments = {row["claim"]: known[row["claim"]] for row in found}
    around: EnvironmentFile = {"kernels": publication.read_kernels(directory)}
    return Subject(directory, directory.name, True, found, experiments, tuple(content["errors"]), (around,))


def is_reference(directory: Path) -> bool:
    """Says whether a directory is a published reference: it has verdicts, and no run's environment."""
    return (directory / "verdicts.json").exists() and not (directory / "environment.json").exists()


def reference_rows(directory: Path) -> Sequence[Row]:
    """Gives the rows of a reference, each with its run; none where there is no reference."""
    if not (directory / "verdicts.json").exists():
        return ()
    content = run_directory.read_verdicts(directory)
    return [{**row, "run": row.get("run", content["run"])} for row in content["verdicts"]]
