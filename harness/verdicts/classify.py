"""How a row of verdicts.json stands to what is known, and the exit status of all rows together.

Everybody who says "surprise" asks here: reports, the reference, JUnit, KTAP, the terminal, the exit status.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from harness import errors
from harness.claims.claim import SKIPPED, UNDECIDED
from harness.evidence.schema import FailureRow, Row


class Standing(Enum):
    """How a verdict stands to the known answer."""

    AS_KNOWN = "as known"
    UNKNOWN = "no known answer"  # whatever was found is as expected
    SURPRISE = "surprise"
    UNDECIDED = "undecided"  # whatever is known: nothing was found that could differ from it
    SKIPPED = "skipped"


def classify(row: Row) -> Standing:
    """Says how a row stands: a surprise is a claim confirmed or refuted where the other verdict is known."""
    if row["verdict"] == SKIPPED:
        return Standing.SKIPPED
    if row["verdict"] == UNDECIDED:
        return Standing.UNDECIDED
    if row["known"] is None:
        return Standing.UNKNOWN
    return Standing.AS_KNOWN if row["verdict"] == row["known"] else Standing.SURPRISE


def is_surprise(row: Row) -> bool:
    """Says whether a row is a surprise."""
    return classify(row) is Standing.SURPRISE


def is_predicted(row: Row) -> bool:
    """Says whether a row has a known answer that was written before it was measured: a prediction that could fail. Older
    rows, which do not tell, count as such."""
    return row["known"] is not None and row.get("predicted") is not False


def status(rows: Sequence[Row], failures: Sequence[FailureRow], claim: str | None = None) -> int:
    """Gives the exit status of the contract; with `claim`, only that claim counts."""
    found = [classify(row) for row in rows if claim is None or row["claim"] == claim]
    if failures:
        return errors.BROKEN
    if Standing.UNDECIDED in found or Standing.SURPRISE in found:
        return errors.SURPRISE
    if all(one is Standing.SKIPPED for one in found):
        return errors.NOTHING_RAN
    return errors.AS_KNOWN
