"""A claim explained on the terminal: what is done, what decides it and why, what is known, what was measured last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.claims.claim import RATE, Claim, Expect, Experiment
from harness.claims.limits import human
from harness.claims.rates import Rate
from harness.claims.said import speaker
from harness.cli.base import warn
from harness.evidence.schema import Row, decided
from harness.reports.comparison import history, rows
from harness.reports.wording import aloud, counted, wrapped
from harness.verdicts.wording import count

KINDS = ("lru", "malloc", "thp")  # the settings that tell rows of one claim and kernel apart


def lines(experiment: Experiment, claims: Sequence[Claim], parent: Path) -> Iterator[str]:
    """Explains claims of one experiment; `parent` is where the runs are."""
    measured = rows.collected(parent, warn=warn)
    yield f"{experiment.name}: {experiment.question}"
    yield from procedure_lines(experiment)
    for claim in claims:
        yield f"\n{claim.id} ({claim.section})"
        yield wrapped(claim.text)
        if claim.kind == RATE:
            yield wrapped("A rate: the events of all trials are one sample, whose size and test were fixed beforehand.")
        for expect in [one for one in experiment.expects if one.claim == claim]:
            yield from expectation_lines(expect)
        for premise in [one for one in experiment.premises if one.claim == claim]:
            yield wrapped(
                f"Decided only where {premise.quantity.name} is {aloud(premise.holds)}; otherwise skipped: {premise.why}"
            )
        for guard in experiment.guards:
            yield wrapped(f"A trial counts only if {guard.quantity.name} is {aloud(guard.holds)}: {guard.why}")
        for known in claim.known:
            yield wrapped(f"Known answer: {known.said}. Source: {known.source}")
        if claim.instead:
            yield wrapped(f"Where it is refuted, instead: {claim.instead}")
        newest = [row for line in history.of_claim(claim.id, measured) for row in line.rows]
        for row in newest:
            yield from measured_lines(row)
        if not newest:
            yield f"  Not measured yet: `invoke run-experiment {claim.id}`"


def procedure_lines(experiment: Experiment) -> Iterator[str]:
    """Tells what is done, in words: on how many guests, in which ways."""
    yield wrapped(experiment.words) if experiment.words else "  Its file does not say in words what it does."
    yield wrapped(f"{counted(experiment.trials, 'trial')}, each from a boot of its own; {experiment.needs.said}")
    if len(experiment.arms) > 1:
        yield wrapped(f"Done in {len(experiment.arms)} ways, each on a guest of its own: {', '.join(experiment.arms)}")
    for name, values in experiment.axes.items():
        yield wrapped(f"Done as a whole with {name} = {', '.join(values)}")


def expectation_lines(expect: Expect) -> Iterator[str]:
    yield wrapped(f"Read: {expect.quantity.name}" + (f" ({expect.quantity.unit})" if expect.quantity.unit else ""))
    yield wrapped(f"true if {aloud(expect.if_true)}: {expect.if_true.why}", "    ")
    yield wrapped(f"false if {aloud(expect.if_false)}: {expect.if_false.why}", "    ")
    yield wrapped(f"reference that must read true: {expect.reads_true.name}", "    ")
    yield wrapped(f"reference that must read false: {expect.reads_false.name}", "    ")
    if expect.slack:
        yield wrapped(f"the ranges leave room: {expect.slack}", "    ")
    if expect.reference_why:
        yield wrapped(f"of the references: {expect.reference_why}", "    ")


def measured_lines(row: Row) -> Iterator[str]:
    """Tells one row of verdicts.json: the verdict, then each quantity and reference with its values."""
    settings = ", ".join(f"{name}={row['settings'][name]}" for name in KINDS if name in row["settings"])
    trials = f"{row['valid']} of {row['trials']} trials valid, from {counted(row['boots'], 'boot')}"
    yield wrapped(f"Measured on {row['kernel']} ({settings}): {row['verdict']}, {trials} [{row['run']}]")
    yield wrapped(row["why"], "    ")
    for one in row["quantities"]:
        unit = f" {one['unit']}" if one["unit"] and speaker(one["unit"]) is human else ""
        yield wrapped(f"{one['name']}: {values(one['values'], one['unit'])}{unit}", "    ")
        if rate := one.get("rate"):
            yield wrapped(f"in all trials together: {count(Rate(rate['count'], rate['events']), one['unit'])}", "    ")
    for one, *references in decided(row):
        for reference in references:
            read = values(reference["values"], one["unit"])
            yield wrapped(f"{reference['name']}, must read {reference['must']}: {read}", "    ")


def values(read: Sequence[int | float | None], unit: str) -> str:
    """Lists the valid trials' values, once where all are alike."""
    texts = ["not read" if one is None else speaker(unit)(one) for one in read]
    return texts[0] if len(set(texts)) == 1 else ", ".join(texts) or "no valid trial"
