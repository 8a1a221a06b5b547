"""Every judge on evidence made by hand: confirmed, refuted, and undecided where it must be."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from harness import catalogue
from harness.claims.claim import (
    CONFIRMED,
    MECHANISM,
    REFUTED,
    SKIPPED,
    UNDECIDED,
    Claim,
    Exactly,
    Experiment,
    Guard,
    Premise,
    Range,
)
from harness.claims.quantities import Derived, Quantity, Recorded
from harness.claims.rates import Events
from harness.evidence import run_directory
from harness.evidence.recording import Trial, read_trials
from harness.verdicts import judge
from harness.verdicts.run_cells import judge_run
from tests.refuting.made import Made, write_run

NOWHERE = Recorded("nobody recorded this")
CLAIMS = [pytest.param(claim, experiment, id=claim.id) for claim, experiment in catalogue.claims().values()]


def evidence_of(experiment: Experiment) -> ModuleType:
    return importlib.import_module(f"tests.refuting.{experiment.name.replace('-', '_')}")


def settings_of(experiment: Experiment) -> Iterator[dict[str, str]]:
    found: list[dict[str, str]] = [{}]
    for axis, values in experiment.axes.items():
        found = [{**one, axis: value} for one in found for value in values]
    yield from found


def verdict_on(directory: Path, claim: Claim, experiment: Experiment, trials: list[Made]) -> tuple[str, str]:
    """What `invoke judge` says of a run with these trials."""
    run = write_run(directory, experiment, trials, next(settings_of(experiment)))
    rows = [row for judged in judge_run(run) for row in judged.rows if row["claim"] == claim.id]
    assert len(rows) == 1
    return rows[0]["verdict"], rows[0]["why"]


@pytest.mark.parametrize(("claim", "experiment"), CLAIMS)
def test_verdicts(claim: Claim, experiment: Experiment, tmp_path: Path) -> None:
    made = evidence_of(experiment)
    true, false = made.CONFIRMS[claim.id], made.REFUTES[claim.id]
    count = experiment.trials
    wanted_of = [("true", [true] * count, CONFIRMED), ("false", [false] * count, REFUTED)]
    if claim.kind == MECHANISM:  # the events of a rate's trials are one sample, in which trials can't disagree
        wanted_of.append(("disagree", [true] * (count - 1) + [false], UNDECIDED))
    for name, trials, wanted in wanted_of:
        verdict, why = verdict_on(tmp_path / name, claim, experiment, trials)
        assert verdict == wanted, f"{name}: {why}"
        assert why


@pytest.mark.parametrize(("claim", "experiment"), CLAIMS)
def test_missed_references(claim: Claim, experiment: Experiment, tmp_path: Path) -> None:
    """With its two references exchanged, each reads what it must not: undecided, however clear the value is."""
    made = evidence_of(experiment)
    run = write_run(tmp_path / "run", experiment, [made.CONFIRMS[claim.id]] * experiment.trials, next(settings_of(experiment)))
    trials = read_trials(run_directory.cell_directory(run, experiment.name))
    for expect in [one for one in experiment.expects if one.claim == claim]:
        for missed in (replace(expect, reads_true=expect.reads_false), replace(expect, reads_false=expect.reads_true)):
            judged = judge.judge(replace(experiment, expects=(missed,)), trials)
            assert [one.verdict for one in judged] == [UNDECIDED], expect.quantity.name


def unread(quantity: Quantity) -> Quantity:
    """What nobody recorded, as that kind of quantity."""
    return replace(quantity, function=lambda recording: None) if isinstance(quantity, Events) else NOWHERE


@pytest.mark.parametrize(("claim", "experiment"), CLAIMS)
def test_guards_and_missing_readings(claim: Claim, experiment: Experiment, tmp_path: Path) -> None:
    made = evidence_of(experiment)
    run = write_run(tmp_path / "run", experiment, [made.CONFIRMS[claim.id]] * experiment.trials, next(settings_of(experiment)))
    trials = read_trials(run_directory.cell_directory(run, experiment.name))
    expects = tuple(replace(one, quantity=unread(one.quantity)) for one in experiment.expects if one.claim == claim)
    assert [one.verdict for one in judge.judge(replace(experiment, expects=expects), trials)] == [UNDECIDED]
    guard = Guard(NOWHERE, Exactly(0), "never read")
    guarded = judge.judge(replace(experiment, guards=(guard,)), trials)
    assert {one.verdict for one in guarded} == {UNDECIDED}
    assert {one.valid for one in guarded} == {0}


PREMISES = [pytest.param(premise, one, id=premise.claim.id) for one in catalogue.load().values() for premise in one.premises]


@pytest.mark.parametrize(("premise", "experiment"), PREMISES)
def test_premises(premise: Premise, experiment: Experiment, tmp_path: Path) -> None:
    """A claim whose premise holds in no trial is skipped with its reason; in some, or if it was not read: undecided."""
    made = evidence_of(experiment)
    run = write_run(
        tmp_path / "run", experiment, [made.CONFIRMS[premise.claim.id]] * experiment.trials, next(settings_of(experiment))
    )
    trials = read_trials(run_directory.cell_directory(run, experiment.name))

    def judged(quantity: Quantity, holds: Range, among: Sequence[Trial] = trials) -> tuple[str, str]:
        changed = replace(premise, quantity=quantity, holds=holds)
        others = tuple(one for one in experiment.premises if one.claim != premise.claim)
        verdicts = judge.judge(replace(experiment, premises=(*others, changed)), among)
        return next((one.verdict, one.why) for one in verdicts if one.claim == premise.claim)

    assert judged(premise.quantity, premise.holds)[0] == CONFIRMED
    assert judged(premise.quantity, Exactly(-1, "never")) == (SKIPPED, premise.why)
    assert judged(Recorded("nobody recorded this"), premise.holds)[0] == UNDECIDED
    first = Derived("the first trial", lambda recording: int(recording is next(iter(trials[0].arms.values()))))
    verdict, why = judged(first, Exactly(1, "only there"))
    assert verdict == UNDECIDED
    assert why.startswith("trial 2: the first trial was 0")
    assert judged(premise.quantity, Exactly(-1, "never"), trials[:1])[0] == UNDECIDED


def test_every_experiment_says_what_it_needs_to() -> None:
    for experiment in catalogue.load().values():
        assert experiment.question.endswith("?"), f"{experiment.name}: its first line asks a question"
        sentences = len(re.findall(r"[.!?](?: |$)", experiment.words))
        assert sentences >= 2, f"{experiment.name}: below the question its docstring tells the procedure in words"
        assert experiment.expects, experiment.name
        for premise in experiment.premises:
            assert premise.why, f"{experiment.name}: a premise without a reason"
        for guard in experiment.guards:
            assert guard.why, f"{experiment.name}: a guard without a reason"
        for expect in experiment.expects:
            for bound in (expect.if_true, expect.if_false):
                assert bound.why, f"{expect.claim.id}: {expect.quantity.name}: a bound without a reason"
        for claim in experiment.claims:
            for known in claim.known:
                assert known.source, f"{claim.id}: a known answer without a source"
