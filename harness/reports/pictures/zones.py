"""The axis of two hypotheses: a zone for each range, in the order of numbers, wide enough that a single number can be seen.

The axis is no ruler: "all 8,192 pages" and "8,191 or less" lie a page apart and are a zone each. Within a zone a number stands
where it belongs, evenly or, over many powers of ten, by its logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.claims.limits import Limits
from harness.evidence.recording import Number

EXACT, GAP, WIDE = 1.2, 0.45, 2.4  # shares of the width: a single number, what lies between two ranges, a range
RANGE = 30  # times the nearer end from which on a zone is drawn by logarithms
INSET = 12.0  # points between a zone's edge and the number at its end


@dataclass(frozen=True)
class Zone:
    """A stretch of the axis. side: "true", "false", or "" for what lies in neither. low, high: infinite where it is open."""

    side: str
    low: float
    high: float
    x: float = 0.0
    width: float = 0.0

    @property
    def share(self) -> float:
        return EXACT if self.low == self.high else WIDE if self.side else GAP

    def holds(self, value: Number) -> bool:
        return self.low <= value <= self.high


def parts(limits: Limits, side: str, whole: bool) -> list[Zone]:
    """Gives the stretches that a range consists of; beside a number that it leaves out lies the next one, where all are whole."""
    low = -math.inf if limits.low is None else limits.low
    high = math.inf if limits.high is None else limits.high
    if not limits.outside:
        return [Zone(side, low, high)]
    return [
        Zone(side, -math.inf, low - (whole and isinstance(limits.low, int))),
        Zone(side, high + (whole and isinstance(limits.high, int)), math.inf),
    ]


class Axis:
    """The zones of two ranges over a width. values: all that is to be placed; `least` is what a quantity cannot fall below."""

    def __init__(
        self, true: Limits, false: Limits, values: Sequence[Number], x: float, width: float, least: float | None = None
    ) -> None:
        self.values = values
        whole = all(isinstance(value, int) for value in values)
        zones = sorted([*parts(true, "true", whole), *parts(false, "false", whole)], key=lambda zone: (zone.low, zone.high))
        if least is not None:
            zones = [zone for zone in zones if zone.high >= least or any(map(zone.holds, values))]
        with_gaps: list[Zone] = []
        for zone in zones:
            before = with_gaps[-1].high if with_gaps else zone.low
            between = [value for value in values if before < value < zone.low]
            if with_gaps and (between or zone.low - before > 1):
                with_gaps.append(Zone("", before, zone.low))
            with_gaps.append(zone)
        if any(value > with_gaps[-1].high for value in values):
            with_gaps.append(Zone("", with_gaps[-1].high, math.inf))
        if any(value < with_gaps[0].low for value in values):
            with_gaps.insert(0, Zone("", -math.inf, with_gaps[0].low))
        unit = width / sum(zone.share for zone in with_gaps)
        self.zones: list[Zone] = []
        for zone in with_gaps:
            self.zones.append(Zone(zone.side, zone.low, zone.high, x, unit * zone.share))
            x += unit * zone.share
        self.least = least

    def place(self, value: Number) -> float:
        """Gives where a number stands."""
        zone = next(
            (zone for zone in self.zones if zone.holds(value) and zone.side),
            next((zone for zone in self.zones if zone.holds(value)), self.zones[-1 if value > 0 else 0]),
        )
        if zone.low == zone.high:
            return zone.x + zone.width / 2
        low, high = self._ends(zone)
        inset = min(INSET, zone.width / 4)
        share = _share(float(value), low, high, zone)
        return zone.x + inset + min(1.0, max(0.0, share)) * (zone.width - 2 * inset)

    def _ends(self, zone: Zone) -> tuple[float, float]:
        """Gives the numbers at both edges of a zone: of an open one, the farthest number in it, or what is the least."""
        within = [float(value) for value in self.values if zone.holds(value)]
        low, high = zone.low, zone.high
        if math.isinf(low):
            floor = [] if self.least is None or math.isinf(high) or self.least > high else [float(self.least)]
            low = min([*within, *floor, *([] if math.isinf(high) else [high - max(1.0, abs(high) / 4)])])
        if math.isinf(high):
            high = max([*within, low + max(1.0, abs(low) / 4)])
        return (low, high) if low < high else (low, low + 1)


def _share(value: float, low: float, high: float, zone: Zone) -> float:
    """Gives how far a number lies between two, from 0 to 1."""
    if math.isinf(zone.high) and low > 0 and high / low > RANGE:
        return math.log(max(value, low) / low) / math.log(high / low)
    return (value - low) / (high - low)
