"""The noise of every quantity: how far its values lie apart over several whole runs of the same kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from harness.claims.limits import human
from harness.evidence import json_file, run_directory
from harness.evidence.recording import Number
from harness.evidence.schema import Row
from harness.linux import releases
from harness.reports import quantities_table
from harness.reports.comparison import rows
from harness.reports.comparison.differences import Noise
from harness.reports.comparison.rows import Axis
from harness.reports.comparison.selection import Selection
from harness.reports.wording import plain, setting

JSON, PAGE = "noise.json", "noise.md"


class SpreadRow(TypedDict):
    """A quantity of noise.json: how far its values lie apart over whole runs."""

    claim: str
    kernel: str
    series: str
    settings: dict[str, str]
    role: str
    quantity: str
    unit: str
    runs: int
    trials: int
    min: Number
    max: Number
    spread: Number


@dataclass(frozen=True)
class Spread:
    """A quantity or reference of a claim over the runs. role: "decides", "must read true", "must read false"."""

    claim: str
    kernel: str
    series: str
    axis: Axis
    role: str
    name: str
    unit: str
    runs: int
    trials: int
    least: Number
    most: Number

    @property
    def spread(self) -> Number:
        return self.most - self.least

    @property
    def share(self) -> float:
        """Gives the spread as part of the largest value."""
        return self.spread / max(abs(self.least), abs(self.most), 1)

    def row(self) -> SpreadRow:
        """Gives the spread as noise.json has it."""
        return {
            "claim": self.claim,
            "kernel": self.kernel,
            "series": self.series,
            "settings": dict(self.axis),
            "role": self.role,
            "quantity": self.name,
            "unit": self.unit,
            "runs": self.runs,
            "trials": self.trials,
            "min": self.least,
            "max": self.most,
            "spread": self.spread,
        }


@dataclass(frozen=True)
class Table:
    """runs: their ids. verdicts: claim, kernel and setting → the verdict of each run that has it."""

    runs: tuple[str, ...]
    spreads: tuple[Spread, ...]
    verdicts: Mapping[tuple[str, str, Axis], tuple[str, ...]]

    def differing(self) -> dict[tuple[str, str, Axis], tuple[str, ...]]:
        return {key: found for key, found in self.verdicts.items() if len(set(found)) > 1}

    def missing(self) -> dict[tuple[str, str, Axis], int]:
        """Lists what not every run has a verdict of, and how many have."""
        return {key: len(found) for key, found in self.verdicts.items() if len(found) < len(self.runs)}


def measure(runs: Sequence[Selection]) -> Table:
    """Measures the noise over whole runs; each claim, kernel and setting once a run."""
    names = rows.axes(*(run.rows for run in runs))
    grouped: dict[tuple[str, str, Axis], list[Row]] = {}
    for run in runs:
        for row in run.rows:
            grouped.setdefault((row["claim"], row["kernel"], rows.axis(row, names[row["claim"]])), []).append(row)
    in_order = sorted(grouped, key=lambda key: (key[0], releases.order(key[1]), key[2]))
    return Table(
        tuple(run.label for run in runs),
        tuple(one for key in in_order for one in spreads(key[2], grouped[key])),
        {key: tuple(row["verdict"] for row in grouped[key]) for key in in_order},
    )


def spreads(axis: Axis, found: Sequence[Row]) -> Iterator[Spread]:
    """Measures the noise of one claim, kernel and setting. found: the row of each run."""
    read: dict[tuple[str, str, str], list[list[Number]]] = {}
    for row in found:
        for quantity, role, name, values in quantities_table.entries(row):
            read.setdefault((role, name, quantity["unit"]), []).append([value for value in values if value is not None])
    for (role, name, unit), lists in read.items():
        every = [value for one in lists for value in one]
        if every:
            yield Spread(
                found[0]["claim"],
                found[0]["kernel"],
                found[0]["series"],
                axis,
                role,
                name,
                unit,
                sum(bool(one) for one in lists),
                len(every),
                min(every),
                max(every),
            )


def write(runs: Sequence[Selection], to: Path) -> Table:
    """Writes noise.json and noise.md."""
    table = measure(runs)
    json_file.write(
        to / JSON,
        {
            "schema": run_directory.SCHEMA,
            "runs": table.runs,
            "quantities": [one.row() for one in table.spreads],
            "verdicts": [
                {"claim": claim, "kernel": kernel, "settings": dict(axis), "verdicts": found}
                for (claim, kernel, axis), found in table.verdicts.items()
            ],
        },
    )
    (to / PAGE).write_text("\n".join(page(table)) + "\n", "utf-8")
    return table


def summary(table: Table) -> str:
    """Sums a table up in one sentence."""
    differing, exact = table.differing(), sum(not one.spread for one in table.spreads)
    return (
        f"Over {len(table.runs)} whole runs {len(differing) or 'no'} verdict{'s' * (len(differing) > 1)} of "
        f"{len(table.verdicts)} differed; {exact:,} of {len(table.spreads):,} quantities and references read the same "
        "number in every trial of every run."
    )


def page(table: Table) -> Iterator[str]:
    yield "# Noise between whole runs\n"
    yield f"{summary(table)}\n"
    yield f"Runs, each with boots and trials of its own: {', '.join(plain(run) for run in table.runs)}.\n"
    yield (
        "Spread is the largest value minus the smallest, over all valid trials of all runs; share is the spread as part "
        "of the largest value. Quantities that every trial read alike are only in "
        f"[{JSON}]({JSON}), as all others are.\n"
    )
    if differing := table.differing():
        yield "## Verdicts that differed\n"
        yield "| claim | kernel | setting | verdicts, run by run |\n|---|---|---|---|"
        for (claim, kernel, axis), found in differing.items():
            yield f"| {plain(claim)} | {plain(kernel)} | {plain(setting(dict(axis)))} | {', '.join(found)} |"
        yield ""
    if missing := table.missing():
        yield "## Not in every run\n"
        for (claim, kernel, axis), count in missing.items():
            yield f"- {plain(claim)} {plain(setting(dict(axis)))} on {plain(kernel)}: in {count} of {len(table.runs)} runs"
        yield ""
    noisy = sorted((one for one in table.spreads if one.spread), key=lambda one: (-one.share, one.claim))
    yield "## Quantities that are not the same in every trial\n"
    if not noisy:
        yield "None."
        return
    yield "| claim | setting | reading | unit | smallest | largest | spread | share | trials |"
    yield "|---|---|---|---|---:|---:|---:|---:|---:|"
    for one in noisy:
        yield (
            f"| {plain(one.claim)} | {plain(setting(dict(one.axis)))} | {one.role}: {plain(one.name)} | "
            f"{plain(one.unit)} | {human(one.least)} | {human(one.most)} | {human(one.spread)} | {one.share:.2%} | "
            f"{one.trials} |"
        )


def published(directory: Path = rows.REFERENCE) -> Noise:
    """Reads the noise that the reference has; empty where it has none."""
    try:
        entries: list[SpreadRow] = json.loads((directory / JSON).read_text("utf-8"))["quantities"]
    except (OSError, ValueError, KeyError):
        return {}
    found: dict[tuple[str, str], list[tuple[Axis, str, Number]]] = {}
    for entry in entries:
        if entry["role"] == "decides":
            axis = tuple(sorted(entry["settings"].items()))
            found.setdefault((entry["claim"], entry["series"]), []).append((axis, entry["quantity"], entry["spread"]))
    return found
