"""What was read of an expectation in a trial, and what follows."""

from __future__ import annotations

from dataclasses import dataclass

from harness.claims.limits import Limits
from harness.evidence.recording import Number


@dataclass(frozen=True)
class Reading:
    """One expectation in one trial: what was read, and what follows ("true", "false", or None with the reason).

    Of a rate the ranges are those of all trials' events together, and so is what follows.
    """

    value: Number | None
    reads_true: Number | None
    reads_false: Number | None
    if_true: Limits | None
    if_false: Limits | None
    outcome: str | None
    why: str = ""
