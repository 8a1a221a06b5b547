"""A claim over the kernels that were run: its verdicts in order, and where they change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.claims.claim import DECIDED, Claim, Known
from harness.evidence.schema import Row
from harness.linux.releases import order
from harness.reports.comparison import bisections, differences, rows
from harness.reports.comparison.rows import Axis
from harness.reports.wording import setting, wrapped
from harness.verdicts.classify import is_surprise
from harness.verdicts.wording import spread


@dataclass(frozen=True)
class Line:
    """A claim under one setting: the newest row of each kernel, the oldest kernel first."""

    axis: Axis
    rows: tuple[Row, ...]

    def changes(self) -> list[tuple[Row, Row]]:
        """Lists kernels next to each other, of those that decided the claim, on which the verdict differs."""
        decided = [row for row in self.rows if row["verdict"] in DECIDED]
        return [(one, other) for one, other in pairwise(decided) if one["verdict"] != other["verdict"]]

    def summary(self) -> str:
        """Says where the claim changes: "confirmed up to 5.10.259, refuted since 6.1.180"."""
        decided = [row for row in self.rows if row["verdict"] in DECIDED]
        changes = self.changes()
        if not decided:
            return "decided on no kernel"
        if not changes:
            return f"{decided[0]['verdict']} on every kernel that decided it ({len(decided)})"
        parts = [f"{changes[0][0]['verdict']} up to {changes[0][0]['kernel']}"]
        for (_, since), later in zip(changes, [*changes[1:], None], strict=True):
            first, last = since["kernel"], later[0]["kernel"] if later else None
            when = f"since {first}" if last is None else f"on {first}" if first == last else f"from {first} to {last}"
            parts.append(f"{since['verdict']} {when}")
        return ", ".join(parts)


def of_claim(claim: str, found: Sequence[Row]) -> list[Line]:
    """Makes a line for each setting. claim: its id. found: rows of any claims, the oldest run first."""
    own = [row for row in found if row["claim"] == claim]
    runs: dict[str, list[Row]] = {}
    for row in own:
        runs.setdefault(row["run"], []).append(row)
    names = rows.axes(*runs.values()).get(claim, ())
    newest: dict[tuple[Axis, str], Row] = {(rows.axis(row, names), row["kernel"]): row for row in own}
    return [
        Line(axis, tuple(newest[axis, kernel] for kernel in rows.in_order(kernel for other, kernel in newest if other == axis)))
        for axis in sorted({axis for axis, _ in newest})
    ]


def between(claim: Claim, one: Row, other: Row) -> list[Known]:
    """Lists the known answers that only one of both sides has."""
    sides = [{known for known in claim.known if known.applies(row["series"], row["settings"])} for row in (one, other)]
    return [
        known
        for known in claim.known
        if (known in sides[0]) != (known in sides[1])
        and any(order(one["series"]) < order(end) <= order(other["series"]) for end in (known.since, known.until) if end)
    ]


def printed(claim: Claim, found: Sequence[Row]) -> Iterator[str]:
    """Gives the lines of a claim's history, as they are printed."""
    yield f"{claim.id} ({claim.section})"
    yield wrapped(claim.text)
    lines = of_claim(claim.id, found)
    for line in lines:
        yield f"\n{setting(dict(line.axis)) or 'On all kernels that were run'}: {line.summary()}"
        for row in line.rows:
            known = f", known answer {row['known']}" if is_surprise(row) else ""
            yield f"  {row['kernel']:32} {row['verdict']}{known}  [{row['run']}]"
            if row["verdict"] not in DECIDED:
                yield wrapped(row["why"], "    ")
        yield from read(line)
        for one, other in pairwise(line.rows):
            yield from change(claim, one, other)
    if not lines:
        yield f"\nNot measured yet: `invoke run-experiment {claim.id}`"
    yield "\nKnown answers" + ("" if claim.known else ": none")
    for answer in claim.known:
        yield wrapped(f"{answer.said}. Source: {answer.source}")


def read(line: Line) -> Iterator[str]:
    """Gives the lines of what was read of each quantity: once where all kernels agree, else kernel by kernel."""
    entries: dict[str, dict[str, str]] = {}
    for row in line.rows:
        for name, entry in rows.quantities(row).items():
            if rows.values(entry):
                said = spread(entry["values"]) + (f" {entry['unit']}" if entry["unit"] else "")
                entries.setdefault(name, {})[row["kernel"]] = said
    for name, by_kernel in entries.items():
        if len(set(by_kernel.values())) == 1:
            yield f"    {name}: {next(iter(by_kernel.values()))}"
        else:
            yield f"    {name}: " + ", ".join(f"{said} on {kernel}" for kernel, said in by_kernel.items())


def change(claim: Claim, one: Row, other: Row) -> Iterator[str]:
    """Gives the lines of two kernels next to each other: the verdict and the numbers of both, and who knows of it."""
    verdicts = [one["verdict"], other["verdict"]]
    turned = verdicts[0] != verdicts[1]
    found = rows.pairs(one, other) if turned else rows.differing(one, other)
    if not turned and not found:
        return
    what = f"{verdicts[0]} -> {verdicts[1]}" if turned else f"{verdicts[0]} on both, but other numbers"
    yield f"  Between {one['kernel']} and {other['kernel']}: {what}"
    yield from differences.numbers(found)
    for known in between(claim, one, other):
        yield wrapped(f"Known: {known.said}. Source: {known.source}", "    ")
    for bisection in bisections.published():
        if turned and bisection.claim == claim.id and bisection.is_between(one["kernel"], other["kernel"]):
            yield wrapped(bisection.text, "    ")
