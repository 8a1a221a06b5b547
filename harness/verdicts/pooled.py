"""The events of all trials of a rate, as one sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.claims.rates import Rate
from harness.evidence.recording import Number

if TYPE_CHECKING:
    from harness.verdicts.reading import Reading


def total(counts: Sequence[Number | None]) -> Number | None:
    """Gives the sum of all trials' counts, None if one was not read."""
    read = [count for count in counts if count is not None]
    return sum(read) if len(read) == len(counts) else None


def value(reading: Reading) -> Number | None:
    return reading.value


def pooled(readings: Sequence[Reading], which: Callable[[Reading], Number | None] = value) -> Rate | None:
    """Gives what was counted in all trials of a rate together; None of a mechanism, or if one trial was not read.

    which: of a reading, the deciding count or a reference's.
    """
    limits, count = readings[0].if_true if readings else None, total([which(reading) for reading in readings])
    return None if count is None or limits is None or limits.events is None else Rate(int(count), limits.events)
