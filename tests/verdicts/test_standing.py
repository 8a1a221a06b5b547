"""How a row stands to what is known, and the exit status of all rows together."""

from __future__ import annotations

from typing import Any

import pytest

from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED
from harness.verdicts.classify import Standing, classify, is_predicted, is_surprise, status


def row(verdict: str, known: str | None = CONFIRMED, claim: str = "made", **other: Any) -> Any:
    return {"claim": claim, "verdict": verdict, "known": known, **other}


@pytest.mark.parametrize(
    ("verdict", "known", "standing"),
    [
        (CONFIRMED, CONFIRMED, Standing.AS_KNOWN),
        (REFUTED, REFUTED, Standing.AS_KNOWN),
        (CONFIRMED, REFUTED, Standing.SURPRISE),
        (REFUTED, CONFIRMED, Standing.SURPRISE),
        (REFUTED, None, Standing.UNKNOWN),
        (UNDECIDED, None, Standing.UNDECIDED),
        (UNDECIDED, CONFIRMED, Standing.UNDECIDED),
        (SKIPPED, None, Standing.SKIPPED),
        (SKIPPED, REFUTED, Standing.SKIPPED),
    ],
)
def test_only_another_answer_is_a_surprise(verdict: str, known: str | None, standing: Standing) -> None:
    assert classify(row(verdict, known)) is standing
    assert is_surprise(row(verdict, known)) == (standing is Standing.SURPRISE)


def test_a_prediction_is_a_known_answer_that_was_written_before_its_measurement() -> None:
    told = [row(CONFIRMED, predicted=True), row(CONFIRMED), row(CONFIRMED, predicted=False), row(CONFIRMED, None, predicted=None)]
    assert [is_predicted(one) for one in told] == [True, True, False, False]


@pytest.mark.parametrize(
    ("rows", "broken", "claim", "wanted"),
    [
        ([row(CONFIRMED)], [], None, 0),
        ([row(CONFIRMED, None)], [], None, 0),
        ([row(CONFIRMED), row(REFUTED)], [], None, 3),
        ([row(CONFIRMED), row(UNDECIDED)], [], None, 3),
        ([row(CONFIRMED), row(SKIPPED)], [], None, 0),
        ([row(SKIPPED), row(SKIPPED)], [], None, 4),
        ([], [], None, 4),
        ([row(CONFIRMED), row(UNDECIDED)], [{"what": "lost"}], None, 2),
        ([], [{"what": "lost"}], None, 2),
        ([row(CONFIRMED), row(REFUTED, claim="other")], [], "made", 0),
        ([row(CONFIRMED), row(REFUTED, claim="other")], [], "other", 3),
        ([row(CONFIRMED), row(SKIPPED, claim="other")], [], "other", 4),
    ],
)
def test_the_exit_status_of_a_run(rows: list[Any], broken: list[Any], claim: str | None, wanted: int) -> None:
    assert status(rows, broken, claim) == wanted
