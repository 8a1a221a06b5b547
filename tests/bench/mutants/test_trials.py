"""What counts as noticed; a small experiment broken in a guest, noticed and not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from harness.bench.mutants import loading, trials
from harness.bench.mutants.mutations import Mutant
from harness.bench.mutants.session import Session
from harness.bench.mutants.trials import Notice
from harness.errors import LabError
from harness.evidence.run_directory import read_cell
from harness.false_evidence.made import Made, write_cell
from harness.machine.kernels import find
from harness.machine.processes import fleet
from harness.verdicts.judged import Judged, judge_trials
from tests.bench.mutants import small

PAGES = 8 * 256
MADE = Made(
    counters={"first": {"vmstat:pswpout": 5, "vmstat:pswpin": 1}, "looked": {"vmstat:pswpout": 5, "vmstat:pswpin": 1}},
    pages={"looked": {"written": {"anonymous": PAGES}, "locked": {"anonymous": PAGES}, "empty": {"absent": PAGES}}},
)


def judged(directory: Path, made: Made, source: str = small.SOURCE) -> Judged:
    experiment = loading.load(small.module(directory), source)
    cell = write_cell(directory / "cell", experiment, [made], {})
    return judge_trials(cell, read_cell(cell), experiment)


BEFORE = {"small": "confirmed"}


@pytest.mark.parametrize(
    ("changed", "way"),
    [
        ({}, None),
        ({"counters": {"first": {"vmstat:pswpin": 0}}}, None),  # a number that nobody asks for
        ({"pages": {"looked": {"written": {"anonymous": PAGES - 1, "absent": 1}}}}, trials.VERDICT),
        ({"pages": {"looked": {"locked": {"anonymous": PAGES - 1, "absent": 1}}}}, trials.REFERENCE),
        ({"pages": {"looked": {"empty": {"anonymous": PAGES, "absent": 0}}}}, trials.REFERENCE),
        ({"counters": {"first": {"vmstat:pswpout": 4}}}, trials.GUARD),
        ({"pages": {"looked": {"written": {"anonymous": PAGES + 1}}}}, trials.RANGES),
    ],
)
def test_who_notices(tmp_path: Path, changed: dict[str, Any], way: str | None) -> None:
    assert judged(tmp_path, MADE).rows[0]["verdict"] == "confirmed"
    (tmp_path / "other").mkdir()
    found = trials.noticed(BEFORE, judged(tmp_path / "other", MADE.but(**changed)))
    assert (found.way if found else None) == way


def test_a_reading_that_is_missing(tmp_path: Path) -> None:
    found = trials.noticed(BEFORE, judged(tmp_path, Made(counters=MADE.counters)))
    assert found
    assert found.way == trials.READING


def test_a_claim_that_was_open_before_notices_nothing(tmp_path: Path) -> None:
    assert trials.noticed({}, judged(tmp_path, Made(counters=MADE.counters))) is None


def test_a_broken_trial_is_noticed(tmp_path: Path) -> None:
    found = judged(tmp_path, MADE)
    found.outcome.failures.append({"experiment": "small", "kernel": "6.12", "what": "guest lost"})
    assert trials.noticed(BEFORE, found) == Notice(trials.BROKEN, "guest lost")


def test_a_procedure_that_never_ends_is_ended() -> None:
    began = time.monotonic()

    def procedure(lab: Any) -> None:
        while True:
            time.sleep(0.01)

    with pytest.raises(LabError, match="not come to its end"):
        trials.limited(procedure, 0.2)(None)  # type: ignore[arg-type]
    assert time.monotonic() - began < 5


def named(session: Session, name: str) -> Mutant:
    return next(one for one in session.mutants if one.name == name)


@pytest.mark.guest
def test_a_mutant_that_is_noticed_and_one_that_survives(tmp_path: Path) -> None:
    kernel = find.by_name()
    module = small.module(tmp_path)

    def session() -> Session:
        return Session(kernel, [module], tmp_path / "bench", {"vmstat": {"pswpout", "pswpin"}}, tmp_path / "evidence")

    first = session()
    ways = {
        "halved: SIZE in probe.map(SIZE)": trials.VERDICT,
        "left out: written.write()": None,  # it was filled before
        "exchanged: vmstat:pswpout → pswpin": None,  # the evidence of the sound one is judged: nothing was swapped
    }
    with fleet.running():
        rows = {name: first.take(named(first, name)) for name in ways}
        first.break_decoders()
    first.save()
    assert {name: row["noticed"] for name, row in rows.items() if row} == ways
    broken = {(row["decoder"], row["how"]): row for row in first.decoders}
    assert broken["pages: anonymous", "tells “zero”"]["noticed"] == ["small"]
    assert ("pages: thp", "tells “mlocked”") not in broken  # nothing that was read changed
    # What is known is not run again, and the sound experiment's evidence lies there still.
    second = session()
    assert set(second.rows) == {named(second, name).digest for name in ways}
    assert len(list((tmp_path / "evidence" / "experiments").iterdir())) == 1
    found = second.sound("small")
    assert found
    assert found.verdicts == {"small": "confirmed"}
