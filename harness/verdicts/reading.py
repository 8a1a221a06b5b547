"""What was read of an expectation in a trial, and the ranges with their numbers in place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.evidence.recording import Number
from harness.evidence.schema import Ends
from harness.verdicts.wording import show


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
