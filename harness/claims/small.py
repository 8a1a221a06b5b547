"""Small claims, "the value of X after Y", and tables of them: one procedure and one file for many."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.claims.claim import Claim, Expect, Experiment, Range
from harness.claims.quantities import Quantity, Recorded
from harness.errors import Skip

if TYPE_CHECKING:
    from harness.lab.lab import Lab

# Carries out what is done in one case: it reads under this name (lab.record, lab.sample, try_as, a sandbox's name).
Do = Callable[["Lab", str], object]


@dataclass(frozen=True)
class Case:
    """What is done before the value is read, in words that go on after the value's name, and how."""

    words: str
    do: Do


@dataclass(frozen=True)
class Small:
    """A claim about one value, read by one procedure after the treatment that is asked about and after two whose answers are
    known.

    value: what is read, in words. of: gives the quantity for a case's name (default: what the case recorded under it). key:
    tells it from others of the same claim. The other fields are those of Expect.
    """

    claim: Claim
    value: str
    asked: Case
    reads_true: Case
    reads_false: Case
    if_true: Range
    if_false: Range
    says: str = ""
    of: Callable[[str], Quantity] = Recorded
    unit: str | None = None
    key: str = ""
    slack: str = ""
    reference_why: str = ""

    @property
    def name(self) -> str:
        """Names the claim's row in its table; a case's name is this and which one it is."""
        return f"{self.claim.id}.{self.key}" if self.key else self.claim.id

    def cases(self) -> tuple[tuple[str, Case], ...]:
        return (("true", self.reads_true), ("false", self.reads_false), ("asked", self.asked))

    def expect(self) -> Expect:
        read = {
            which: self.of(f"{self.name}.{which}").called(f"{self.value} {case.words}", self.unit) for which, case in self.cases()
        }
        said = (self.says, self.slack, self.reference_why)
        return Expect(self.claim, read["asked"], self.if_true, self.if_false, read["true"], read["false"], *said)


def table(*rows: Small, **fields: Any) -> Experiment:
    """Makes an experiment of small claims, which are tried one after the other in one guest. fields: others of Experiment.

    What a case starts, mounts or makes is gone before the next one; a setting that it writes it puts back itself. A claim
    whose case raises Skip is skipped, the others are not. A trial drives some 60 probes: about twenty rows are a table.
    """

    @functools.wraps(rows[0].asked.do)  # its file is the experiment's
    def procedure(lab: Lab) -> None:
        for row in rows:
            run(lab, row)

    return Experiment(procedure, tuple(row.expect() for row in rows), **{"rate": 0, **fields})


def run(lab: Lab, row: Small) -> None:
    """Carries out the cases of a row."""
    try:
        for which, case in row.cases():
            with lab.scope():
                case.do(lab, f"{row.name}.{which}")
    except Skip as missing:
        lab.skip_claim(row.claim.id, str(missing))
