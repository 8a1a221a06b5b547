"""Quantities that differ only because MemTotal does: another kernel leaves programs another share of the same memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.evidence.recording import Number
from harness.evidence.schema import Row
from harness.reports.comparison import rows
from harness.reports.comparison.rows import Difference

RULE = (
    "in proportion to it, in inverse proportion, or by as much as the bound that was worked out from it, or a few times as much "
    "(to within one unit and the noise)"
)
MOST = 8  # times as much as the bound: what is read of a few processes that each take all memory
CLEAR = 4  # the bound must have moved so many times as far as a number can be off, or any difference were some multiple of it
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def explains(one: Row, other: Row, difference: Difference) -> bool:
    """Says whether a difference is the one that follows from MemTotal alone: where both rows tell it, or else from a bound that
    is another on each side, and only where that predicts at least one unit."""
    shares = (one.get("memory_total"), other.get("memory_total"))
    if all(shares) and shares[0] == shares[1]:
        return False
    bounds = bound_of(one, difference.name), bound_of(other, difference.name)
    if shares[0] and shares[1]:
        ratio = shares[1] / shares[0]
    elif bounds[0] and bounds[1] and bounds[0] != bounds[1]:
        ratio = bounds[1] / bounds[0]
    else:
        return False
    shift = bounds[1] - bounds[0] if bounds[0] is not None and bounds[1] is not None else 0
    return any(meets(difference, moved) for moved in predictions(difference, ratio, shift))


def predictions(difference: Difference, ratio: float, shift: float) -> Iterator[tuple[float, ...]]:
    """Gives what the values of one side would be on the other. shift: how far their bound moved."""
    values = difference.one
    yield tuple(value * ratio for value in values)
    yield tuple(value / ratio for value in values)
    if shift:
        times = round((min(difference.other) - min(values)) / shift)
        if times == 1 or (1 < abs(times) <= MOST and abs(shift) > CLEAR * (difference.noise + 1)):
            yield tuple(value + times * shift for value in values)


def meets(difference: Difference, predicted: tuple[float, ...]) -> bool:
    """Says whether the other side reads what was predicted. Whole numbers are rounded on both sides: up to one unit apart."""
    whole = all(isinstance(value, int) for value in (*difference.one, *difference.other))
    unit = 1 if whole else 0
    moved = min(abs(now - was) for now, was in zip(predicted, difference.one, strict=True))
    return moved >= 1 and rows.distance(predicted, difference.other) <= difference.noise + unit


def bound_of(row: Row, quantity: str) -> Number | None:
    """Gives the bound of a quantity, where its range has just one."""
    entry = rows.quantities(row).get(quantity)
    found = _NUMBER.findall(entry["if_true"]) if entry else []
    return float(found[0]) if len(found) == 1 else None
