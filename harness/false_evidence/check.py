"""What an experiment must hold to: it tells its question, every bound has a reason, and its judge answers false evidence.

The rules are the catalogue's, and those of experiments of one's own: `invoke false-evidence NAME` checks either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from harness.claims.claim import CONFIRMED, MECHANISM, REFUTED, SKIPPED, UNDECIDED, Claim, Exactly, Experiment, Guard, Premise
from harness.claims.quantities import Derived, Quantity, Recorded
from harness.claims.rates import Events
from harness.evidence import run_directory
from harness.evidence.recording import Trial, read_trials
from harness.evidence.run_directory import read_cell
from harness.false_evidence.made import Made, write_run
from harness.verdicts import judge
from harness.verdicts.judged import judge_trials

NOWHERE = Recorded("nobody recorded this")


@dataclass(frozen=True)
class Evidence:
    """The false evidence of an experiment: claim id → what must come out confirmed, and refuted."""

    confirms: Mapping[str, Made]
    refutes: Mapping[str, Made]

    @classmethod
    def of(cls, module: ModuleType) -> Evidence:
        """Takes it from its module; what is not there is empty."""
        return cls(getattr(module, "CONFIRMS", {}), getattr(module, "REFUTES", {}))


def problems(experiment: Experiment, evidence: Evidence, place: Path) -> Iterator[str]:
    """Yields a line for each rule that an experiment does not hold to. place: an empty folder for evidence."""
    yield from untold(experiment)
    for number, claim in enumerate(experiment.claims):
        missing = [
            name for name, found in (("CONFIRMS", evidence.confirms), ("REFUTES", evidence.refutes)) if claim.id not in found
        ]
        for name in missing:
            yield f"{claim.id}: there is no evidence for it in {name}"
        if not missing:
            true, false = evidence.confirms[claim.id], evidence.refutes[claim.id]
            yield from wrong_verdicts(claim, experiment, true, false, place / f"{number}-verdicts")
            yield from blind_references(claim, experiment, true, place / f"{number}-references")
            yield from missing_readings(claim, experiment, true, place / f"{number}-readings")
    for number, premise in enumerate(experiment.premises):
        if premise.claim.id in evidence.confirms:
            yield from wrong_premises(premise, experiment, evidence.confirms[premise.claim.id], place / f"{number}-premise")


def untold(experiment: Experiment) -> Iterator[str]:
    """Yields what an experiment does not say though it has to."""
    if not experiment.question.endswith("?"):
        yield f"{experiment.name}: the first line of its docstring asks no question"
    if len(re.findall(r"[.!?](?: |$)", experiment.words)) < 2:
        yield f"{experiment.name}: below the question its docstring does not tell the procedure in two sentences or more"
    if not experiment.expects:
        yield f"{experiment.name}: it expects nothing"
    conditions: tuple[Guard | Premise, ...] = (*experiment.guards, *experiment.premises)
    for condition in conditions:
        if not condition.why:
            yield f"{experiment.name}: its {type(condition).__name__.lower()} “{condition.quantity.name}” has no reason"
    for expect in experiment.expects:
        for bound in (expect.if_true, expect.if_false):
            if not bound.why:
                yield f"{expect.claim.id}: a bound of “{expect.quantity.name}” has no reason"
    for claim in experiment.claims:
        for known in claim.known:
            if not known.source:
                yield f"{claim.id}: a known answer has no source"


def first_setting(experiment: Experiment) -> dict[str, str]:
    """Gives the first combination of an experiment's axes."""
    return {axis: values[0] for axis, values in experiment.axes.items()}


def verdict_on(place: Path, claim: Claim, experiment: Experiment, trials: list[Made]) -> tuple[str, str]:
    """Gives the verdict on a claim of a run with these trials, and why: as `invoke judge` gives it."""
    directory = run_directory.cell_directory(write_run(place, experiment, trials, first_setting(experiment)), experiment.name)
    rows = judge_trials(directory, read_cell(directory), experiment).rows
    return next(((row["verdict"], row["why"]) for row in rows if row["claim"] == claim.id), ("broken", "it has no row"))


def wrong_verdicts(claim: Claim, experiment: Experiment, true: Made, false: Made, place: Path) -> Iterator[str]:
    """Yields the verdicts that are not as they must be: on evidence for, against, and on trials that disagree."""
    count = max(experiment.trials, 2)
    planned = replace(experiment, trials=count)
    wanted_of = [("for it", [true] * count, CONFIRMED), ("against it", [false] * count, REFUTED)]
    if claim.kind == MECHANISM:  # the events of a rate's trials are one sample, in which trials can't disagree
        wanted_of.append(("that disagrees", [true] * (count - 1) + [false], UNDECIDED))
    for name, trials, wanted in wanted_of:
        verdict, why = verdict_on(place / name.replace(" ", "-"), claim, planned, trials)
        if verdict != wanted or not why:
            yield f"{claim.id}: on evidence {name} the verdict is {verdict}, must be {wanted}: {why}"


def _trials(place: Path, experiment: Experiment, made: Made) -> list[Trial]:
    run = write_run(place, experiment, [made] * experiment.trials, first_setting(experiment))
    return read_trials(run_directory.cell_directory(run, experiment.name))


def again(quantity: Quantity) -> Quantity:
    """Gives the same reading as another quantity: no two readings of an expectation may be one."""
    return replace(quantity, title=f"{quantity.title}, again") if isinstance(quantity, Events) else quantity + 0


def blind_references(claim: Claim, experiment: Experiment, true: Made, place: Path) -> Iterator[str]:
    """Yields the expectations that are decided though a reference reads what it must not."""
    trials = _trials(place, experiment, true)
    for expect in [one for one in experiment.expects if one.claim == claim]:
        reads_true, reads_false = expect.reads_true, expect.reads_false
        for name, missed in (
            (reads_true.name, replace(expect, reads_true=again(reads_false))),
            (reads_false.name, replace(expect, reads_false=again(reads_true))),
        ):
            (found,) = judge.judge(replace(experiment, expects=(missed,)), trials)
            if found.verdict != UNDECIDED:
                yield f"{claim.id}: with its reference “{name}” missed the verdict is {found.verdict}, must be {UNDECIDED}"


def nowhere(quantity: Quantity) -> Quantity:
    """Gives what nobody recorded, as that kind of quantity."""
    return replace(quantity, function=lambda _: None) if isinstance(quantity, Events) else NOWHERE


def missing_readings(claim: Claim, experiment: Experiment, true: Made, place: Path) -> Iterator[str]:
    """Yields what is decided though nothing was read, or though a guard was not."""
    trials = _trials(place, experiment, true)
    expects = tuple(replace(one, quantity=nowhere(one.quantity)) for one in experiment.expects if one.claim == claim)
    unread = judge.judge(replace(experiment, expects=expects), trials)
    unguarded = judge.judge(replace(experiment, guards=(Guard(NOWHERE, Exactly(0), "never read"),)), trials)
    for name, found in (("nothing read", unread), ("a guard that was not read", unguarded)):
        for one in found:
            if one.verdict != UNDECIDED:
                yield f"{one.claim.id}: with {name} the verdict is {one.verdict}, must be {UNDECIDED}"


def wrong_premises(premise: Premise, experiment: Experiment, true: Made, place: Path) -> Iterator[str]:
    """Yields what a premise does to its claim that it must not: one that holds in no trial skips the claim, with its reason;
    one that holds in some, or was not read, leaves it undecided."""
    planned = replace(experiment, trials=max(experiment.trials, 2))
    trials = _trials(place, planned, true)
    never = Exactly(-1, "never")
    first = Derived("the first trial", lambda recording: int(recording is next(iter(trials[0].arms.values()))))
    for name, quantity, holds, among, wanted, reason in (
        ("that holds", premise.quantity, premise.holds, trials, CONFIRMED, ""),
        ("that holds in no trial", premise.quantity, never, trials, SKIPPED, premise.why),
        ("that was not read", NOWHERE, premise.holds, trials, UNDECIDED, ""),
        ("that holds in some trials", first, Exactly(1, "only there"), trials, UNDECIDED, "trial 2: the first trial was 0"),
        ("that holds in no trial of too few", premise.quantity, never, trials[:1], UNDECIDED, ""),
    ):
        others = tuple(one for one in planned.premises if one.claim != premise.claim)
        changed = replace(planned, premises=(*others, replace(premise, quantity=quantity, holds=holds)))
        found = next(one for one in judge.judge(changed, among) if one.claim == premise.claim)
        if found.verdict != wanted or not found.why.startswith(reason):
            yield f"{premise.claim.id}: with a premise {name} the verdict is {found.verdict}, must be {wanted}: {found.why}"
