"""One thing measured beside others, in turn (A B A B …), so that the drift of a busy machine falls on all of them."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.bench.schema import BenchRow, LimitRow, PeerRow, RatioRow, RawRow, TimingRow, TurnsRow, significant

# A median is called unstable when half of the values lie further apart than this share of it: a machine at rest stays
# below (pyperf warns at the same tenth).
UNSTABLE = 0.10
PERCENTILES = 100  # values: of fewer the 99th of a hundred is hardly another than the largest


@dataclass(frozen=True)
class Contender:
    """What is measured: one turn gives its values, in the row's unit."""

    name: str
    turn: Callable[[], Sequence[float]]


@dataclass(frozen=True)
class Timing:
    """The values of one contender, turn by turn."""

    name: str
    turns: tuple[tuple[float, ...], ...]

    @property
    def values(self) -> list[float]:
        return [value for turn in self.turns for value in turn]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def minimum(self) -> float:
        return min(self.values)

    @property
    def spread(self) -> float:
        """Gives how far the middle half of the values reaches, as a share of the median; 0 for a single value."""
        if len(self.values) < 2 or not self.median:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return (high - low) / self.median

    def as_json(self) -> TimingRow:
        """Gives the timing as bench.json has it."""
        found: TimingRow = {
            "name": self.name,
            "median": significant(self.median),
            "minimum": significant(self.minimum),
            "maximum": significant(max(self.values)),
            "spread": significant(self.spread),
            "unstable": self.spread > UNSTABLE,
            "values": len(self.values),
        }
        if len(self.values) >= PERCENTILES:
            percent = statistics.quantiles(self.values, n=100, method="inclusive")
            found |= {"p95": significant(percent[94]), "p99": significant(percent[98])}
        return found

    def raw(self) -> TurnsRow:
        """Gives every value."""
        return {"name": self.name, "turns": [list(turn) for turn in self.turns]}


@dataclass(frozen=True)
class Ratio:
    """Ours divided by a peer's, of the medians of each turn: neighbours in time."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, ours: Timing, peer: Timing) -> Ratio:
        return cls(
            tuple(statistics.median(one) / statistics.median(other) for one, other in zip(ours.turns, peer.turns, strict=True))
        )

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def as_json(self) -> RatioRow:
        """Gives the ratio as bench.json has it."""
        return {
            "median": significant(self.median),
            "minimum": significant(min(self.values)),
            "maximum": significant(max(self.values)),
        }


@dataclass(frozen=True)
class Limit:
    """What the median may be at most: of our own values, or, with a peer's name, of the ratio to it."""

    most: float
    peer: str = ""


@dataclass(frozen=True)
class Row:
    """A line of the result. missing: peers that were not measured, and why."""

    name: str
    what: str
    unit: str
    timings: tuple[Timing, ...]
    kernel: str = ""
    limits: tuple[Limit, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> Timing:
        return self.timings[0]

    @property
    def peers(self) -> tuple[Timing, ...]:
        return self.timings[1:]

    def measured(self, limit: Limit) -> float | None:
        """Gives what the limit is about; None where that peer was not measured."""
        if not limit.peer:
            return self.ours.median
        peer = next((one for one in self.peers if one.name == limit.peer), None)
        return None if peer is None else Ratio.of(self.ours, peer).median

    def as_json(self) -> BenchRow:
        """Gives the row as bench.json has it: without the single values, measurements to four digits."""
        limits: list[LimitRow] = []
        for limit in self.limits:
            found = self.measured(limit)
            limits.append(
                {
                    "peer": limit.peer,
                    "at most": limit.most,
                    "measured": None if found is None else significant(found),
                    "met": None if found is None else found <= limit.most,
                }
            )
        peers: list[PeerRow] = [{**peer.as_json(), "ratio": Ratio.of(self.ours, peer).as_json()} for peer in self.peers]
        return {
            "row": self.name,
            "what": self.what,
            "kernel": self.kernel,
            "unit": self.unit,
            "ours": self.ours.as_json(),
            "peers": peers,
            "missing": self.missing,
            "limits": limits,
        }

    def raw(self) -> RawRow:
        """Gives the row with every value."""
        return {
            "row": self.name,
            "what": self.what,
            "kernel": self.kernel,
            "unit": self.unit,
            "ours": self.ours.raw(),
            "peers": [peer.raw() for peer in self.peers],
            "missing": self.missing,
            "limits": [{"peer": limit.peer, "at most": limit.most} for limit in self.limits],
        }


def interleave(contenders: Sequence[Contender], turns: int, warm: int = 1) -> tuple[Timing, ...]:
    """Measures all of them in turn. warm: turns before, which do not count (caches, files, modules)."""
    found: list[list[tuple[float, ...]]] = [[] for _ in contenders]
    for number in range(-warm, turns):
        for values, contender in zip(found, contenders, strict=True):
            gc.collect()  # what one contender leaves behind is not cleared away on another's time
            turn = tuple(contender.turn())
            if number >= 0:
                values.append(turn)
    return tuple(Timing(contender.name, tuple(values)) for contender, values in zip(contenders, found, strict=True))
