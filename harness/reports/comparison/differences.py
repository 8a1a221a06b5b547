"""Two runs, kernels or settings side by side: which verdicts differ, then which quantities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.evidence.recording import Number
from harness.evidence.schema import Row
from harness.linux import releases
from harness.reports.comparison import rows
from harness.reports.comparison.rows import Axis, Difference, Selection
from harness.reports.wording import setting
from harness.verdicts.wording import spread

Key: TypeAlias = tuple[str, str, Axis]  # claim, series ("" where each side has just one kernel), settings
LISTED = 20  # of what only one side has: a part of a run beside a whole one lacks hundreds


@dataclass(frozen=True)
class Pair:
    """A claim on both sides. axis: the settings that tell it from the claim's other pairs; kernel: where both have it."""

    claim: str
    axis: Axis
    kernel: str
    one: Row
    other: Row

    @property
    def title(self) -> str:
        axis = f" [{setting(dict(self.axis))}]" if self.axis else ""
        return f"{self.claim}{axis}" + (f" on {self.kernel}" if self.kernel else "")


@dataclass(frozen=True)
class Comparison:
    """What two selections have in common, and what only one of them has ("claim [lru=classic]")."""

    one: Selection
    other: Selection
    pairs: tuple[Pair, ...]
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]

    def verdicts(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.one["verdict"] != pair.other["verdict"]]

    def quantities(self, noise: Noise) -> list[tuple[Pair, list[Difference]]]:
        """Lists, of pairs whose verdict is the same, the quantities that differ by more than their noise."""
        found = [
            (pair, rows.differing(pair.one, pair.other, noise_of(pair, noise)))
            for pair in self.pairs
            if pair.one["verdict"] == pair.other["verdict"]
        ]
        return [(pair, differences) for pair, differences in found if differences]


# (claim, series) → settings, quantity, and how far its values lie apart over whole runs of one kernel.
Noise = Mapping[tuple[str, str], Sequence[tuple[Axis, str, Number]]]


def noise_of(pair: Pair, noise: Noise) -> dict[str, Number]:
    """Gives the noise of each quantity, the larger one of both sides."""
    found: dict[str, Number] = {}
    for row in (pair.one, pair.other):
        for axis, name, width in noise.get((pair.claim, row["series"]), ()):
            if all(row["settings"].get(key) == value for key, value in axis):
                found[name] = max(found.get(name, 0), width)
    return found


def compare(one: Selection, other: Selection) -> Comparison:
    """Pairs rows by claim and settings, and by kernel unless each side has just one; a setting that was named to
    choose a side is what is compared, so it pairs nothing."""
    apart = len(one.kernels) == 1 and len(other.kernels) == 1
    named = one.named | other.named
    names = rows.axes(one.rows, other.rows)

    def keyed(selection: Selection) -> dict[Key, Row]:
        return {
            (
                row["claim"],
                "" if apart else row["series"],
                tuple(pair for pair in rows.axis(row, names[row["claim"]]) if pair[0] not in named),
            ): row
            for row in selection.rows
        }

    first, second = keyed(one), keyed(other)
    both = sorted(set(first) & set(second), key=in_order)
    return Comparison(
        one,
        other,
        tuple(
            Pair(claim, axis, "" if apart else series, first[claim, series, axis], second[claim, series, axis])
            for claim, series, axis in both
        ),
        only(first, second),
        only(second, first),
    )


def in_order(key: Key) -> tuple[str, releases.Order, Axis]:
    """Gives what pairs are in order by: their claim, then their kernel."""
    claim, series, axis = key
    return claim, releases.order(series), axis


def only(one: Mapping[Key, Row], other: Mapping[Key, Row]) -> tuple[str, ...]:
    return tuple(
        f"{claim}{' [' + setting(dict(axis)) + ']' if axis else ''}{' on ' + series if series else ''}"
        for claim, series, axis in sorted(set(one) - set(other), key=in_order)
    )


def lines(comparison: Comparison, noise: Noise) -> Iterator[str]:
    """Gives the lines of a comparison, as they are printed."""
    for name, side in (("A", comparison.one), ("B", comparison.other)):
        yield f"{name}: {side.name}: {len(side.rows)} rows on {', '.join(side.kernels)}"
        yield from (f"BROKEN in {name}: {line}" for line in side.broken)
    verdicts, quantities = comparison.verdicts(), comparison.quantities(noise)
    yield f"\nVerdicts that differ: {len(verdicts) or 'none'} of {len(comparison.pairs)}"
    for pair in verdicts:
        yield f"  {pair.title}: {pair.one['verdict']} -> {pair.other['verdict']}"
        yield from numbers(rows.pairs(pair.one, pair.other))
        for row in (pair.one, pair.other):
            if row["verdict"] not in {"confirmed", "refuted"}:
                yield f"    {row['verdict']}: {row['why']}"
    count = sum(len(differences) for _, differences in quantities)
    yield f"\nQuantities that differ by more than their noise, where the verdict is the same: {count or 'none'}"
    for pair, differences in quantities:
        yield f"  {pair.title}: {pair.one['verdict']}"
        yield from numbers(differences)
    for name, missing in (("A", comparison.only_one), ("B", comparison.only_other)):
        if missing:
            yield f"\nOnly in {name}: {len(missing)}"
            yield from (f"  {title}" for title in missing[:LISTED])
            if len(missing) > LISTED:
                yield f"  and {len(missing) - LISTED} more"
    yield f"\n{rows.METHOD}"


def numbers(differences: Sequence[Difference]) -> Iterator[str]:
    """Gives the lines of each quantity with both numbers."""
    for one in differences:
        unit = f" {one.unit}" if one.unit else ""
        yield f"    {one.name}: {spread(one.one)} -> {spread(one.other)}{unit} (true: {one.bounds})"
