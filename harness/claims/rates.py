"""Rates: what chance, scheduling or history decides, in events whose number and test are fixed beforehand.

A rate's quantity is Events: in how many of a trial's events something came about. The events of all trials are one sample;
"3 of 3 trials" is no rate. The ranges are of that sum, and each range is a test that names its level: two exact tests of a
share (binomial; Clopper and Pearson, Biometrika 26, 1934), or "every one", which one event contradicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.claims.claim import EventRange, Expect
from harness.claims.quantities import Still
from harness.evidence.recording import Number, Recording

CONFIDENCE = 0.95  # of the interval that every report prints


@dataclass(frozen=True)
class Events(Still):
    """In how many of a trial's events something came about; None unless as many were recorded as were fixed.

    function: gives a truth for each event that the recording has. events: their number, fixed beforehand.
    """

    title: str
    function: Callable[[Recording], Sequence[bool] | None]
    events: int
    units: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        found = self.function(recording)
        return None if found is None or len(found) != self.events else sum(map(bool, found))

    @property
    def name(self) -> str:
        return self.title

    @property
    def unit(self) -> str:
        return self.units


@dataclass(frozen=True)
class Rate:
    """So many of so many events, and the exact interval of the share behind them."""

    count: int
    events: int

    @property
    def interval(self) -> tuple[float, float]:
        """Gives the ends of the two-sided interval of CONFIDENCE."""
        from scipy.stats import binomtest  # half a second, for rates alone

        found = binomtest(self.count, self.events).proportion_ci(CONFIDENCE, "exact")
        return float(found.low), float(found.high)


def MoreThan(share: float, level: float, why: str) -> EventRange:
    """Makes the range of counts by which the true share is more than `share`: one-sided exact test, p below `level`."""

    def ends(events: int) -> tuple[int | None, int | None]:
        from scipy.stats import binom

        # P(count or more) is binom.sf(count - 1). isf is where that is at most the level; exactly the level is not below it.
        least = int(binom.isf(level, events, share)) + 1
        return least + int(binom.sf(least - 1, events, share) >= level), None

    test = f"more than {100 * share:g} % (one-sided exact test, p < {level:g})"
    return EventRange(None, None, why, test=test, ends=ends, maker=("MoreThan", share, level))


def NoMoreThan(share: float, asked: int = 0, *, why: str) -> EventRange:
    """Makes the range of counts that leave it open whether the true share is `share`: their interval reaches down to it.

    asked: how many events its sentence asks for. Fewer have to leave it open even if all that are missing were added: what few
    events can't tell refutes nothing.
    """

    def ends(events: int) -> tuple[int | None, int | None]:
        from scipy.stats import binom

        missing = max(0, asked - events)
        # The interval's lower end is above the share where so many events or more have less than half of what is left out.
        return None, int(binom.isf((1 - CONFIDENCE) / 2, events + missing, share)) - missing

    test = f"no more than {100 * share:g} %, as far as can be told (the {100 * CONFIDENCE:g} % interval reaches down to it)"
    return EventRange(None, None, why, test=test, ends=ends, maker=("NoMoreThan", share, asked))


def Every(why: str) -> EventRange:
    """Makes the range of a count that is all of the events."""
    return EventRange(None, None, why, test="every one", ends=lambda events: (events, events), maker=("Every",))


def NotEvery(why: str) -> EventRange:
    """Makes the range of all counts but that of all events."""
    return EventRange(None, None, why, test="not every one", ends=lambda events: (None, events - 1), maker=("NotEvery",))


def Never(why: str) -> EventRange:
    """Makes the range of a count that is none of the events."""
    return EventRange(None, None, why, test="none", ends=lambda events: (0, 0), maker=("Never",))


def Once(why: str) -> EventRange:
    """Makes the range of all counts but none."""
    return EventRange(None, None, why, test="at least one", ends=lambda events: (1, None), maker=("Once",))


MAKERS: dict[str, Callable[..., EventRange]] = {one.__name__: one for one in (MoreThan, NoMoreThan, Every, NotEvery, Never, Once)}


def declared(expect: Expect) -> tuple[int, EventRange, EventRange]:
    """Gives how many events a trial has, and the two ranges of their number, as a rate's expectation declares them.

    Raises ValueError for one whose quantity and references do not have the same number of events.
    """
    quantities = (expect.quantity, expect.reads_true, expect.reads_false)
    events = {one.events if isinstance(one, Events) else None for one in quantities}
    (one,) = events if len(events) == 1 else (None,)
    if one is None or not isinstance(expect.if_true, EventRange) or not isinstance(expect.if_false, EventRange):
        raise ValueError(f"{expect.claim.id}: a rate's quantity and references count the same number of events")
    return one, expect.if_true, expect.if_false
