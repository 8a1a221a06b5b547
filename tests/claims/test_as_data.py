"""Every question of the catalogue as data and back: nothing is lost, and what a function computes is the run's."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from harness import catalogue
from harness.claims.as_data import Kept, Reader, Writer, computed, is_kept, not_here
from harness.claims.claim import Experiment
from harness.claims.quantities import Quantity
from harness.errors import LabError
from harness.evidence.recording import Recording, Trial


@pytest.mark.parametrize("experiment", catalogue.load().values(), ids=lambda one: one.name)
def test_there_and_back(experiment: Experiment) -> None:
    values = [{"quantity": what.name, "values": [(1, 7, 2)]} for what in computed(experiment)]
    document = json.loads(json.dumps(Writer(experiment).document()))
    back = Reader(values).experiment(document)  # type: ignore[arg-type]
    assert is_kept(back)
    if not computed(experiment):
        assert replace(experiment, procedure=not_here) == back
    assert {field.name for field in fields(Experiment)} - set(document) == {"procedure"}
    assert [expect.quantity.name for expect in back.expects] == [expect.quantity.name for expect in experiment.expects]


def test_a_computed_number_is_the_runs() -> None:
    kept = Kept(0, "number", "pages", ((1, 7, 2), (2, None, 0)))
    trials = [Trial(number, {"": Recording([])}) for number in (1, 2, 3)]
    assert [kept.read(trial) for trial in trials] == [7, None, None]
    assert [kept.noise(trial, {}) for trial in trials] == [2, 0, 0]
    assert isinstance(kept, Quantity)


def test_data_of_another_version_is_said_to_be() -> None:
    experiment, _ = catalogue.find("tmpfs-unreclaimable")
    document = Writer(experiment).document()
    document["expects"][0]["quantity"] = {"is": "Unheard", "sample": "x"}
    with pytest.raises(LabError, match="this version of the lab can't read it"):
        Reader([]).experiment(document)
