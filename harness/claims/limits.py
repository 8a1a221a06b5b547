"""A range with its numbers in place, as one trial has them. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.claims.quantities import value_of
from harness.evidence.recording import Number, Trial
from harness.evidence.schema import Ends

if TYPE_CHECKING:
    from harness.claims.claim import Range


EXACT = 1e15  # below it a float that is a whole number is that number
_WRITTEN = re.compile(r"(not )?(?:(=|<=|>=) )?(-?[\d.]+|any)(?: to (-?[\d.]+))?(?: of (\d+))?")
LARGE = 1e5  # from here on six significant digits would be a power of ten


def _number(text: str | None) -> Number | None:
    return None if text is None or text == "any" else float(text) if "." in text else int(text)


def show(value: Number | None) -> str:
    """Writes a number as machines read it: no separators and no powers of ten, whole where it is whole."""
    if value is None:
        return "none"
    if isinstance(value, int) or (value.is_integer() and abs(value) < EXACT):
        return str(int(value))
    return f"{value:.6g}" if abs(value) < LARGE else f"{value:.1f}"


def human(value: Number) -> str:
    """Says a number as people read it."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < EXACT):
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


@dataclass(frozen=True)
class Limits:
    """A range with its numbers in place, for one trial: from low to high, or, `outside`, below or above them.

    events: of how many, where it is a range of the events of all trials.
    """

    low: Number | None
    high: Number | None
    outside: bool = False
    events: int | None = None

    @property
    def ends(self) -> Ends:
        """Gives the range as cell.json has it."""
        return self.low, self.high, self.outside

    def holds(self, value: Number) -> bool:
        within = (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        return within != self.outside

    def overlaps(self, other: Limits) -> bool:
        """Says whether a number can fall in both: in whole numbers, as nearly all quantities are."""
        ends = [bound for limits in (self, other) for bound in (limits.low, limits.high) if bound is not None]
        probes = [end + step for end in ends for step in (-1, 0, 1)]
        return not ends or any(self.holds(value) and other.holds(value) for value in probes)

    def distance(self, other: Limits) -> Number:
        """Gives the least by which a number in one must move to be in the other; 0 if they touch or overlap."""
        pairs = [(one, two) for one in self._parts() for two in other._parts()]
        return min(max(two[0] - one[1], one[0] - two[1], 0) for one, two in pairs)

    def _parts(self) -> list[tuple[Number, Number]]:
        """Gives the ranges that it consists of, ends included; next to a bound that is a whole number lies the next one."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not self.outside:
            return [(low, high)]
        return [(-math.inf, low - isinstance(low, int)), (high + isinstance(high, int), math.inf)]

    @classmethod
    def parse(cls, text: str) -> Limits | None:
        """Reads what `str` wrote, as verdicts.json has it; of several trials' ranges the first. None for what it never wrote."""
        found = _WRITTEN.fullmatch(text.split(" | ", 1)[0])
        if found is None:
            return None
        outside, sign, first, last, events = found.groups()
        low, high = _number(first), _number(last)
        if text == "any":
            low = high = None
        elif sign == "<=":
            low, high = None, low
        elif sign != ">=" and last is None:
            high = low
        return cls(low, high, outside is not None, int(events) if events else None)

    def __str__(self) -> str:
        return self._ends() + (f" of {self.events}" if self.events is not None else "")

    def _ends(self) -> str:
        if self.outside:
            return f"not {show(self.low)}" if self.low == self.high else f"not {show(self.low)} to {show(self.high)}"
        if self.low == self.high:
            return "any" if self.low is None else f"= {show(self.low)}"
        if self.low is None:
            return f"<= {show(self.high)}"
        return f">= {show(self.low)}" if self.high is None else f"{show(self.low)} to {show(self.high)}"


def resolve(bounds: Range, trial: Trial) -> Limits | None:
    """Gives a range with its numbers; None if one of them is not in the evidence."""
    low, high = value_of(bounds.low, trial), value_of(bounds.high, trial)
    if (low is None) != (bounds.low is None) or (high is None) != (bounds.high is None):
        return None
    return Limits(low, high, bounds.outside)
