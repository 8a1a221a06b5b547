"""The pages of a run: a front page, a page for each section and experiment, made of what came of its cells. What a cell's own
page has (harness/reports/cell_page.py) is not said again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Claim, Expect, Experiment
from harness.evidence.recording import Number
from harness.evidence.schema import EnvironmentFile, FailureRow, QuantityRow, Row, decided
from harness.linux import releases
from harness.reports import markdown, own
from harness.reports.comparison import matrix_picture
from harness.reports.pictures import claim as pictures
from harness.reports.pictures.claim import Picture
from harness.reports.wording import aloud, bounds, setting
from harness.verdicts.classify import Standing, classify
from harness.verdicts.judged import Outcome
from harness.verdicts.pooled import total
from harness.verdicts.wording import spread

FOLDER, CELLS = "report", "report/cells"
SIGNS = {CONFIRMED: "✔", REFUTED: "✘", UNDECIDED: "?", SKIPPED: "–"}
BROKEN = "!"
LISTED = 25  # surprises, undecided claims and errors of a front page, each: the sections have all of them


@dataclass(frozen=True)
class Entry:
    """A verdict and the cell that it is from."""

    row: Row
    outcome: Outcome

    @property
    def setting(self) -> str:
        return setting(self.outcome.cell["axis"])

    @property
    def kernel(self) -> str:
        return self.row["kernel"]

    @property
    def where(self) -> str:
        """Says where it holds: "Linux 6.12.117, lru=mglru"."""
        return ", ".join(filter(None, (f"Linux {self.kernel}", self.setting)))


@dataclass(frozen=True)
class Shown:
    """A picture on a page: of which verdict, its path from the run's directory, what is seen on it."""

    said: str
    path: str
    alt: str


@dataclass(frozen=True)
class Reading:
    """A line of a claim's numbers: what was read, its ranges, and a value for each column."""

    name: str
    unit: str
    true: str
    false: str
    values: tuple[str, ...]
    decides: bool


class ClaimPart:
    """A claim on its experiment's page: over all kernels and settings of the run."""

    def __init__(self, run: Path, claim: Claim, experiment: Experiment, entries: Sequence[Entry]) -> None:
        self.run, self.claim, self.experiment, self.entries = run, claim, experiment, entries

    @property
    def known(self) -> list[tuple[str, str, bool]]:
        """Lists the known answers: what is known, by which source, and whether it applies to a cell of the run."""
        return [
            (
                known.said,
                known.source,
                any(known.applies(one.row["series"], one.row["settings"]) for one in self.entries),
            )
            for known in self.claim.known
        ]

    @property
    def answers(self) -> list[tuple[str, Row, str]]:
        """Folds what cells have in common: where, a row that says it, and why."""
        found: dict[tuple[str, str], list[Entry]] = {}
        for one in self.entries:
            found.setdefault((one.row["verdict"], one.row["why"]), []).append(one)
        return [("; ".join(one.where for one in those), those[0].row, why) for (_, why), those in found.items()]

    @property
    def pictures(self) -> list[Shown]:
        """Chooses a picture for each verdict that the claim has: on the newest kernel that has it."""
        newest = sorted(self.entries, key=lambda one: releases.order(one.kernel), reverse=True)
        found: dict[str, Shown] = {}
        for one in newest:
            name = one.outcome.directory.name
            shown = pictures.of(self.run, name, self.experiment.name, self.claim.id)
            if shown and one.row["verdict"] not in found:
                path, alt = shown
                found[one.row["verdict"]] = Shown(f"{one.row['verdict']} on {one.where}", f"{pictures.FOLDER}/{path.name}", alt)
        return list(found.values())

    @property
    def measured(self) -> list[Entry]:
        return [one for one in self.entries if one.row["quantities"]]

    @property
    def columns(self) -> list[str]:
        """Names the columns of the numbers: what tells the cells apart."""
        kernels = {one.kernel for one in self.measured}
        settings = {one.setting for one in self.measured}
        return [
            ", ".join(filter(None, (one.kernel if len(kernels) > 1 else "", one.setting if len(settings) > 1 else "")))
            or "all trials"
            for one in self.measured
        ]

    @property
    def numbers(self) -> list[Reading]:
        """Lists what decided, and each control once, over the trials of each column."""
        found: dict[tuple[str, str], Reading] = {}
        for expect in self.expects:
            of_expect = [
                next((one for one in decided(entry.row) if one[0]["name"] == expect.quantity.name), None)
                for entry in self.measured
            ]
            quantities = [one[0] if one else None for one in of_expect]
            true, false = (
                "; ".join(dict.fromkeys(bounds(one[end]) for one in quantities if one)) for end in ("if_true", "if_false")
            )
            found.setdefault(
                ("", expect.quantity.name),
                Reading(expect.quantity.name, expect.quantity.unit, true, false, tuple(map(_value, quantities)), True),
            )
            for place, must, control in ((1, "true", expect.reads_true), (2, "false", expect.reads_false)):
                values = tuple(_control(one[0], one[place]["values"]) if one else "" for one in of_expect)
                found.setdefault(
                    (must, control.name),
                    Reading(f"control, must read {must}: {control.name}", control.unit, "", "", values, False),
                )
        return list(found.values())

    @property
    def expects(self) -> list[Expect]:
        return [one for one in self.experiment.expects if one.claim == self.claim]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Lists the reasons of the bounds, each once: which range, in words where the claim has several, and why."""
        several = any(
            len({aloud(one) for one in each}) > 1 for each in zip(*((e.if_true, e.if_false) for e in self.expects), strict=True)
        )
        found: dict[tuple[str, str], None] = {}
        for expect in self.expects:
            for side, ends in (("true", expect.if_true), ("false", expect.if_false)):
                if ends.why:
                    found[f"{side} if {aloud(ends)}" if several else side, ends.why] = None
        return list(found)

    @property
    def premises(self) -> list[tuple[str, str, str]]:
        return [(one.quantity.name, aloud(one.holds), one.why) for one in self.experiment.premises if one.claim == self.claim]


def _value(entry: object) -> str:
    """Says what was read of a quantity, over the trials; of a rate, the count of all of them."""
    if not isinstance(entry, dict):
        return ""
    if "rate" in entry:
        return f"{entry['rate']['count']:,} of {entry['rate']['events']:,}"
    return spread(entry["values"])


def _control(entry: QuantityRow, values: Sequence[Number | None]) -> str:
    """Says what was read of a control of a quantity, as `_value` does of the quantity."""
    together = total(values) if "rate" in entry else None
    return spread(values) if together is None else f"{together:,} of {entry['rate']['events']:,}"


def entries_of(outcomes: Iterable[Outcome]) -> list[Entry]:
    return [Entry(row, one) for one in outcomes for row in one.rows]


def slug(section: str) -> str:
    """Names a section's page."""
    return "section-" + re.sub(r"[^a-z0-9]+", "-", section.lower()).strip("-")


def experiment_page(run: Path, outcomes: Sequence[Outcome], alone: bool) -> str:
    """Writes the page of an experiment, of all its cells. alone: it is the run's report.md itself."""
    experiment = outcomes[0].experiment
    entries = entries_of(outcomes)
    parts = [
        ClaimPart(run, claim, experiment, [one for one in entries if one.row["claim"] == claim.id]) for claim in experiment.claims
    ]
    return markdown.filled(
        "experiment.md.j2",
        run=run.name,
        experiment=experiment,
        outcomes=outcomes,
        failures=[failure for one in outcomes for failure in one.failures],
        parts=parts,
        own=list(own.lines(outcomes[0])),
        root="" if alone else "../",
        cells="report/cells/" if alone else "cells/",
        alone=alone,
        tally=markdown.summary(outcomes),
        guards=guards(experiment, parts),
        versions=sorted({one.cell["version"] for one in outcomes}),
    )


def guards(experiment: Experiment, parts: Sequence[ClaimPart]) -> list[tuple[str, str, str]]:
    """Lists the conditions of a trial, where a claim has been measured."""
    measured = any(part.measured for part in parts)
    found = [(one.quantity.name, aloud(one.holds), one.why) for one in experiment.guards if measured]
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Line:
    """A claim under a setting in a table over the kernels. words: a kernel's verdict, "" where there is none."""

    claim: Claim
    experiment: Experiment
    setting: str
    words: tuple[str, ...]


def kernels_of(outcomes: Sequence[Outcome]) -> list[str]:
    return sorted({one.cell["kernel"] for one in outcomes}, key=releases.order)


def word(row: Row) -> str:
    """Says a verdict in a table: its sign and its name, and whether it is a surprise."""
    return f"{SIGNS[row['verdict']]} {row['verdict']}" + (" **SURPRISE**" if classify(row) is Standing.SURPRISE else "")


def lines_of(outcomes: Sequence[Outcome], kernels: Sequence[str]) -> list[Line]:
    """Puts verdicts into lines over the kernels. Settings of a claim that have the same verdicts everywhere share a line."""
    words: dict[tuple[str, str], dict[str, str]] = {}
    claims: dict[str, tuple[Claim, Experiment]] = {}
    for outcome in outcomes:
        axis = setting(outcome.cell["axis"])
        for claim in outcome.experiment.claims:
            claims[claim.id] = claim, outcome.experiment
            row = next((one for one in outcome.rows if one["claim"] == claim.id), None)
            if row is not None:
                words.setdefault((claim.id, axis), {})[outcome.cell["kernel"]] = word(row)
            elif outcome.failures:
                words.setdefault((claim.id, axis), {})[outcome.cell["kernel"]] = f"{BROKEN} **broken**"
    folded: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (claim_id, axis), of_kernel in words.items():
        folded.setdefault((claim_id, tuple(of_kernel.get(one, "") for one in kernels)), []).append(axis)
    found = [Line(*claims[claim_id], "; ".join(filter(None, axes)), on) for (claim_id, on), axes in folded.items()]
    return sorted(found, key=lambda line: list(claims).index(line.claim.id))


def section_page(run: Path, section: str, outcomes: Sequence[Outcome]) -> str:
    """Writes the page of a section: its claims over the kernels of the run."""
    kernels = kernels_of(outcomes)
    lines = [line for line in lines_of(outcomes, kernels) if line.claim.section == section]
    return markdown.filled("section.md.j2", run=run.name, section=section, kernels=kernels, lines=lines)


def signs(outcomes: Sequence[Outcome], claim: str) -> str:
    """Gives the signs of a claim's verdicts, each once."""
    found = [SIGNS[row["verdict"]] for one in outcomes for row in one.rows if row["claim"] == claim]
    found += [BROKEN for one in outcomes if one.failures and any(own_claim.id == claim for own_claim in one.experiment.claims)]
    return "".join(dict.fromkeys(found))


@dataclass(frozen=True)
class Index:
    """A section on the front page: how many verdicts of each kind, and its claims with the signs of their verdicts."""

    section: str
    tally: str
    claims: tuple[tuple[str, Claim, Experiment], ...]


def index(outcomes: Sequence[Outcome]) -> list[Index]:
    found: dict[str, dict[str, tuple[Claim, Experiment]]] = {}
    for one in outcomes:
        for claim in one.experiment.claims:
            if one.failures or any(row["claim"] == claim.id for row in one.rows):
                found.setdefault(claim.section, {})[claim.id] = claim, one.experiment
    made = []
    for section, claims in found.items():
        rows = [row for one in outcomes for row in one.rows if row["claim"] in claims]
        kinds = Counter(row["verdict"] for row in rows)
        tally = ", ".join(f"{kinds[kind]} {kind}" for kind in SIGNS if kinds[kind])
        listed = tuple((signs(outcomes, name), *those) for name, those in claims.items())
        made.append(Index(section, tally or "no verdict", listed))
    return sorted(made, key=lambda one: one.section)


def standing(outcomes: Sequence[Outcome], which: Standing) -> list[Entry]:
    return [one for one in entries_of(outcomes) if classify(one.row) is which]


def matrix(outcomes: Sequence[Outcome]) -> Picture | None:
    """Draws claims × kernels, where there are several kernels."""
    kernels = kernels_of(outcomes)
    return matrix_picture.draw([row for one in outcomes for row in one.rows], kernels) if len(kernels) > 1 else None


def front_page(run: Path, outcomes: Sequence[Outcome], around: EnvironmentFile, picture: Picture | None) -> str:
    """Writes report.md of a run of several experiments: what to look at first, and where everything is. picture: of a matrix."""
    errors: list[FailureRow] = [failure for one in outcomes for failure in one.failures]
    return markdown.filled(
        "report.md.j2",
        run=run.name,
        started=around.get("started"),
        summary=markdown.summary(outcomes),
        errors=errors,
        surprising=standing(outcomes, Standing.SURPRISE),
        undecided=standing(outcomes, Standing.UNDECIDED),
        absent=[one for one in outcomes if not one.rows and not one.failures],
        index=index(outcomes),
        picture=picture,
        pictures=pictures.FOLDER,
        own=list(dict.fromkeys((one.experiment.name, one.experiment.origin) for one in outcomes if one.experiment.origin)),
        kernels=kernels_of(outcomes),
        LISTED=LISTED,
        folder=FOLDER,
        slug=slug,
    )


def all_of(run: Path, outcomes: Sequence[Outcome], around: EnvironmentFile) -> Iterator[tuple[str, str]]:
    """Yields each page of a run but those of its cells: its name in the run's directory, and its text."""
    by_experiment: dict[str, list[Outcome]] = {}
    for one in outcomes:
        by_experiment.setdefault(one.experiment.name, []).append(one)
    if len(by_experiment) == 1:
        yield "report.md", experiment_page(run, outcomes, alone=True)
        return
    picture = matrix(outcomes)
    if picture is not None:
        yield f"{pictures.FOLDER}/{picture.name}", picture.svg
    yield "report.md", front_page(run, outcomes, around, picture)
    for listed in index(outcomes):
        yield f"{FOLDER}/{slug(listed.section)}.md", section_page(run, listed.section, outcomes)
    for name, those in by_experiment.items():
        yield f"{FOLDER}/{name}.md", experiment_page(run, those, alone=False)
