"""Every judge on evidence made by hand: confirmed, refuted, and undecided where it must be."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from harness import catalogue
from harness.claims.claim import Claim, Experiment, Premise
from harness.claims.quantities import Recorded
from harness.false_evidence import check

CLAIMS = [pytest.param(claim, experiment, id=claim.id) for claim, experiment in catalogue.claims().values()]


def evidence_of(experiment: Experiment) -> ModuleType:
    return importlib.import_module(f"tests.refuting.{experiment.name.replace('-', '_')}")


@pytest.mark.parametrize(("claim", "experiment"), CLAIMS)
def test_verdicts(claim: Claim, experiment: Experiment, tmp_path: Path) -> None:
    made = evidence_of(experiment)
    true, false = made.CONFIRMS[claim.id], made.REFUTES[claim.id]
    assert not list(check.wrong_verdicts(claim, experiment, true, false, tmp_path))


ALSO = [one for one in CLAIMS if one.id in getattr(evidence_of(one.values[1]), "ALSO_REFUTES", {})]


@pytest.mark.parametrize(("claim", "experiment"), ALSO)
def test_another_reading_refutes_too(claim: Claim, experiment: Experiment, tmp_path: Path) -> None:
    """Of a claim that is read in two ways, each must be able to refute it."""
    made = evidence_of(experiment)
    assert not list(check.wrong_verdicts(claim, experiment, made.CONFIRMS[claim.id], made.ALSO_REFUTES[claim.id], tmp_path))


@pytest.mark.parametrize(("claim", "experiment"), CLAIMS)
def test_missed_references(claim: Claim, experiment: Experiment, tmp_path: Path) -> None:
    """With its two references exchanged, each reads what it must not: undecided, however clear the value is."""
    assert not list(check.blind_references(claim, experiment, evidence_of(experiment).CONFIRMS[claim.id], tmp_path))


@pytest.mark.parametrize(("claim", "experiment"), CLAIMS)
def test_guards_and_missing_readings(claim: Claim, experiment: Experiment, tmp_path: Path) -> None:
    assert not list(check.missing_readings(claim, experiment, evidence_of(experiment).CONFIRMS[claim.id], tmp_path))


PREMISES = [pytest.param(premise, one, id=premise.claim.id) for one in catalogue.load().values() for premise in one.premises]


@pytest.mark.parametrize(("premise", "experiment"), PREMISES)
def test_premises(premise: Premise, experiment: Experiment, tmp_path: Path) -> None:
    """A claim whose premise holds in no trial is skipped with its reason; in some, or if it was not read: undecided."""
    made = evidence_of(experiment).CONFIRMS[premise.claim.id]
    assert not list(check.wrong_premises(premise, experiment, made, tmp_path))


def test_every_experiment_says_what_it_needs_to() -> None:
    assert not [line for experiment in catalogue.load().values() for line in check.untold(experiment)]


def test_what_does_not_hold_is_found(tmp_path: Path) -> None:
    """The checks can fail: on evidence that says nothing, exchanged, missing; on a question without words and reasons."""
    experiment, claim = catalogue.find("tmpfs-unreclaimable")
    assert claim
    module = evidence_of(experiment)
    exchanged = check.Evidence(module.REFUTES, module.CONFIRMS)
    said = list(check.problems(replace(experiment, question="No question.", words=""), exchanged, tmp_path / "exchanged"))
    for part in (
        "asks no question",
        "does not tell the procedure",
        "on evidence for it the verdict is refuted, must be confirmed",
    ):
        assert any(part in line for line in said), part
    said = list(check.problems(experiment, check.Evidence({}, {}), tmp_path / "none"))
    assert len([line for line in said if re.search("no evidence for it in (CONFIRMS|REFUTES)", line)]) == 4
    (expect,) = [one for one in experiment.expects if one.claim == claim]
    unreasoned = replace(experiment, expects=(replace(expect, if_true=replace(expect.if_true, why="")),))
    assert [line for line in check.untold(unreasoned) if "has no reason" in line]
    # References that read nothing leave nothing to be missed: the claim is undecided whatever is read.
    blind = replace(expect, reads_true=Recorded("nothing"), reads_false=Recorded("nothing else"))
    assert list(check.problems(replace(experiment, expects=(blind,)), check.Evidence.of(module), tmp_path / "blind"))
