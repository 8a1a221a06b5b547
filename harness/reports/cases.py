"""A run as tests that passed, failed or were skipped: what JUnit and KTAP, which know no verdicts, are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.claims.claim import SKIPPED, UNDECIDED
from harness.evidence.schema import Row
from harness.printable import harmless
from harness.reports.wording import setting
from harness.verdicts.classify import Standing, classify
from harness.verdicts.judged import Outcome

PASSED, SURPRISE, BROKEN = "passed", "surprise", "broken"
KINDS = {
    Standing.AS_KNOWN: PASSED,
    Standing.UNKNOWN: PASSED,
    Standing.SURPRISE: SURPRISE,
    Standing.UNDECIDED: UNDECIDED,
    Standing.SKIPPED: SKIPPED,
}
FAILURES = (SURPRISE, UNDECIDED)  # kinds that say something of the kernel, unlike BROKEN, which is an error of the lab's


@dataclass(frozen=True)
class Case:
    """One claim, or one that broke. kind: PASSED (the verdict is as known, or nobody knows one), SURPRISE, UNDECIDED,
    SKIPPED or BROKEN. says: verdict, what was expected, and the numbers, or the reason, in one line."""

    name: str
    kind: str
    says: str


@dataclass(frozen=True)
class Suite:
    """One experiment on one kernel under one setting. seconds: wall time, None if it never ended."""

    name: str
    kernel: str
    section: str
    cases: tuple[Case, ...]
    seconds: float | None
    properties: tuple[tuple[str, str], ...]


def line(text: object) -> str:
    """Writes a text in one line, of what both formats can hold and a terminal shows.

    XML has no way to write most control characters, which a console's last line may have.
    """
    return harmless(" ".join(str(text).split()))


def case(row: Row) -> Case:
    """Makes a case of a row of verdicts.json."""
    standing, why = classify(row), line(row["why"])
    expected = {
        Standing.AS_KNOWN: ", as the known answer says",
        Standing.UNKNOWN: ", without a known answer",
        Standing.SURPRISE: f", but the known answer is {row['known']}",
        Standing.UNDECIDED: f", the known answer is {row['known']}" if row["known"] else ", without a known answer",
        Standing.SKIPPED: "",
    }
    says = why if standing is Standing.SKIPPED else f"{row['verdict']}{expected[standing]}: {why}"
    return Case(line(row["claim"]), KINDS[standing], says)


def suite(outcome: Outcome) -> Suite:
    """Makes a suite of a cell's claims; what broke stands for those that have no row."""
    cell, rows = outcome.cell, outcome.rows
    broken = [Case(outcome.experiment.name, BROKEN, line(failure["what"])) for failure in outcome.failures]
    axis = f" [{setting(cell['axis'])}]" if cell["axis"] else ""
    properties = {"kernel": cell["kernel"], **({"machine": rows[0]["machine"], **rows[0]["settings"]} if rows else {})}
    return Suite(
        line(f"{outcome.experiment.name}{axis} on {cell['kernel']}"),
        line(cell["kernel"]),
        outcome.experiment.claims[0].section,
        (*map(case, rows), *broken),
        cell["seconds"],
        tuple((name, line(value)) for name, value in properties.items()),
    )


def suites(outcomes: Iterable[Outcome]) -> list[Suite]:
    """Makes the suites of cells that have a setting their kernel knows."""
    return [suite(outcome) for outcome in outcomes if not outcome.absent]


def tally(found: Iterable[Suite]) -> Counter[str]:
    """Counts the cases of each kind."""
    return Counter(one.kind for suite in found for one in suite.cases)
