"""Two runs, kernels or settings side by side: which verdicts differ, then which quantities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.claims.claim import DECIDED
from harness.evidence.recording import Number
from harness.evidence.schema import Row
from harness.linux import releases
from harness.reports.comparison import memory_total, rows
from harness.reports.comparison.rows import Axis, Difference
from harness.reports.comparison.selection import Selection
from harness.reports.wording import counted, setting
from harness.verdicts.wording import spread

Key: TypeAlias = tuple[str, str, Axis]  # claim, kernel ("" where each side has just one series), settings


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
    """What two selections have in common, and how many rows only one of them has."""

    one: Selection
    other: Selection
    pairs: tuple[Pair, ...]
    only_one: int
    only_other: int

    def verdicts(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.one["verdict"] != pair.other["verdict"]]

    def quantities(self, noise: Noise) -> tuple[list[tuple[Pair, list[Difference]]], int]:
        """Lists, of pairs whose verdict is the same, the quantities that differ by more than their noise; counts those that
        only follow from another MemTotal, which are none of these."""
        found, following = [], 0
        for pair in self.pairs:
            if pair.one["verdict"] == pair.other["verdict"]:
                differing = rows.differing(pair.one, pair.other, noise_of(pair, noise))
                own = [one for one in differing if not memory_total.explains(pair.one, pair.other, one)]
                following += len(differing) - len(own)
                found += [(pair, own)] if own else []
        return found, following


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
    """Pairs rows by claim and settings, and by kernel unless each side has just one series; a setting that was named to
    choose a side is what is compared, so it pairs nothing."""
    apart = len(one.series) == 1 and len(other.series) == 1
    named = one.named | other.named
    names = rows.axes(one.rows, other.rows)
    several = releases_of(one) | releases_of(other)

    def keyed(selection: Selection) -> dict[Key, Row]:
        return {
            (
                row["claim"],
                row["kernel"] if row["series"] in several else "" if apart else row["series"],
                tuple(pair for pair in rows.axis(row, names[row["claim"]]) if pair[0] not in named),
            ): row
            for row in selection.rows
        }

    first, second = keyed(one), keyed(other)
    both = sorted(set(first) & set(second), key=in_order)
    return Comparison(
        one,
        other,
        tuple(Pair(claim, axis, kernel, first[claim, kernel, axis], second[claim, kernel, axis]) for claim, kernel, axis in both),
        len(set(first) - set(second)),
        len(set(second) - set(first)),
    )


def releases_of(selection: Selection) -> set[str]:
    """Names the series of which a claim has rows of several releases under the same settings: they are paired by release."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for row in selection.rows:
        found.setdefault((row["claim"], row["series"], str(sorted(row["settings"].items()))), set()).add(row["kernel"])
    return {series for (_, series, _), kernels in found.items() if len(kernels) > 1}


def in_order(key: Key) -> tuple[str, releases.Order, Axis]:
    """Gives what pairs are in order by: their claim, then their kernel."""
    claim, series, axis = key
    return claim, releases.order(series), axis


def lines(comparison: Comparison, noise: Noise) -> Iterator[str]:
    """Gives the lines of a comparison, as they are printed."""
    yield from sides(comparison)
    verdicts, (quantities, following) = comparison.verdicts(), comparison.quantities(noise)
    yield f"\nVerdicts that differ: {len(verdicts) or 'none'} of {len(comparison.pairs)}"
    for pair in verdicts:
        yield f"  {pair.title}: {pair.one['verdict']} -> {pair.other['verdict']}"
        yield from numbers(rows.pairs(pair.one, pair.other))
        for row in (pair.one, pair.other):
            if row["verdict"] not in DECIDED:
                yield f"    {row['verdict']}: {row['why']}"
    count = sum(len(differences) for _, differences in quantities)
    yield f"\nQuantities that differ by more than their noise, where the verdict is the same: {count or 'none'}"
    for pair, differences in quantities:
        yield f"  {pair.title}: {pair.one['verdict']}"
        yield from numbers(differences)
    if following:
        yield f"{counted(following, 'more quantity', 'more quantities')} only as far as MemTotal differs: {memory_total.RULE}"
    yield from alone(comparison)
    yield f"\n{rows.METHOD}"


def sides(comparison: Comparison) -> Iterator[str]:
    """Gives the lines that say what is compared, and what of it can't be believed."""
    for name, side in (("A", comparison.one), ("B", comparison.other)):
        yield f"{name}: {side.name}: {counted(len(side.rows), 'row')} on {', '.join(side.kernels)}"
        yield from (f"BROKEN in {name}: {line}" for line in side.broken)


def alone(comparison: Comparison) -> Iterator[str]:
    """Gives the line that counts the rows that have none beside them."""
    if comparison.only_one or comparison.only_other:
        yield f"\nOnly in A: {counted(comparison.only_one, 'row')}; only in B: {counted(comparison.only_other, 'row')}"


def numbers(differences: Sequence[Difference]) -> Iterator[str]:
    """Gives the lines of each quantity with both numbers."""
    for one in differences:
        unit = f" {one.unit}" if one.unit else ""
        yield f"    {one.name}: {spread(one.one)} -> {spread(one.other)}{unit} (true: {one.bounds})"
