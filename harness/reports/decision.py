"""What decided a claim, trial by trial: its readings, what they must be, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.claims.claim import EventRange, Expect, Guard, Premise, Range
from harness.claims.limits import Limits, resolve
from harness.claims.quantities import Quantity
from harness.evidence.recording import Trial
from harness.reports.readings import Cell
from harness.reports.wording import bound, number, over_trials
from harness.verdicts import judge
from harness.verdicts.judge import Verdict
from harness.verdicts.pooled import pooled
from harness.verdicts.reading import Reading
from harness.verdicts.wording import count, reference_phrase


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
    """Why an expectation decides: what is measured, both ranges, both references.

    pooled: of a rate, what was counted in all trials together.
    """

    expect: Expect
    if_true: str
    if_false: str
    references: str
    pooled: str


Heads: TypeAlias = Sequence[tuple[str, Trial | None]]


def heads(cell: Cell) -> Heads:
    """Gives a column's head for each trial, and the trial if its readings can be taken."""
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
    """Lists everything that decided a claim, trial by trial."""
    found = []
    for expect, of_expect in verdict.readings:
        true = over_trials(expect.if_true, held(expect.if_true, [one.if_true for one in of_expect], trials))
        false = over_trials(expect.if_false, held(expect.if_false, [one.if_false for one in of_expect], trials))
        found += [
            line("decides", expect.quantity, f"true: {true}; false: {false}", trials),
            line("must read true", expect.reads_true, true, trials),
            line("must read false", expect.reads_false, false, trials),
        ]
    for premise in [one for one in cell.judged.experiment.premises if one.claim == verdict.claim]:
        found.append(line("premise", premise.quantity, over_trials(premise.holds, held(premise.holds, [], trials)), trials))
    for guard in cell.judged.experiment.guards:
        found.append(line("guard", guard.quantity, over_trials(guard.holds, held(guard.holds, [], trials)), trials))
    return found


def held(range_: Range, by_judge: Sequence[Limits | None], trials: Heads) -> Sequence[Limits | None]:
    """Gives a range's numbers as the judge had them, or, where it had none, as each trial gives them."""
    if isinstance(range_, EventRange):
        return by_judge  # a range of all trials' events together
    return by_judge or [resolve(range_, trial) for _, trial in trials if trial is not None]


def guard_bound(guard: Guard | Premise, trials: Heads) -> str:
    return bound(guard.holds, held(guard.holds, [], trials))


def ranges(expect: Expect, of_expect: Sequence[Reading], trials: Heads) -> Ranges:
    return Ranges(
        expect,
        bound(expect.if_true, held(expect.if_true, [one.if_true for one in of_expect], trials)),
        bound(expect.if_false, held(expect.if_false, [one.if_false for one in of_expect], trials)),
        reference_phrase(expect, of_expect) if of_expect else "",
        count(rate, expect.quantity.unit) if (rate := pooled(of_expect)) else "",
    )
