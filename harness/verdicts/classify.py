"""What rows of verdicts.json come to: the exit status of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness import errors
from harness.claims.claim import SKIPPED, UNDECIDED


def status(rows: Sequence[dict[str, Any]], failures: Sequence[Any], claim: str | None = None) -> int:
    """The exit status of the contract; with `claim`, only that claim counts."""
    counted = [one for one in rows if claim is None or one["claim"] == claim]
    if failures:
        return errors.BROKEN
    if any(one["verdict"] == UNDECIDED or (one["known"] and one["verdict"] not in {SKIPPED, one["known"]}) for one in counted):
        return errors.SURPRISE
    if all(one["verdict"] == SKIPPED for one in counted):
        return errors.NOTHING_RAN
    return errors.AS_KNOWN
