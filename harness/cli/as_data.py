"""What the lists say as data, for `--json` (docs/json.md documents every key): claims, kernels, what this machine can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness import contents
from harness.claims.claim import Claim, Expect, Experiment, Guard, Premise, Range
from harness.claims.quantities import Quantity
from harness.contents import ClaimEntry, Entry
from harness.evidence.run_directory import SCHEMA
from harness.evidence.schema import Row
from harness.reports.comparison import history
from harness.reports.wording import aloud

if TYPE_CHECKING:
    from harness.cli.doctor import Finding
    from harness.machine.kernels.archive import Offer
    from harness.machine.kernels.kernel import Kernel


def claims(found: Sequence[tuple[ClaimEntry, Entry]]) -> dict[str, Any]:
    """Gives claims in the order in which they were found, each experiment once."""
    return {
        "schema": SCHEMA,
        "claims": [claim["data"] for claim, _ in found],
        "experiments": list({one["data"]["experiment"]: one["data"] for _, one in found}.values()),
    }


def explained(experiment: Experiment, wanted: Sequence[Claim], measured: Sequence[Row]) -> dict[str, Any]:
    """Gives claims of one experiment with what decides them, and the newest row of each kernel and setting."""
    return {
        "schema": SCHEMA,
        "experiment": {**contents.data_of(experiment), "words": experiment.words},
        "claims": [
            {
                **contents.claim_data(claim, experiment),
                "expects": [expect_of(one) for one in experiment.expects if one.claim == claim],
                "premises": [condition_of(one) for one in experiment.premises if one.claim == claim],
                "guards": [condition_of(one) for one in experiment.guards],
                "measured": [row for line in history.of_claim(claim.id, measured) for row in line.rows],
            }
            for claim in wanted
        ],
    }


def expect_of(expect: Expect) -> dict[str, Any]:
    return {
        **quantity_of(expect.quantity),
        "if_true": range_of(expect.if_true),
        "if_false": range_of(expect.if_false),
        "reads_true": expect.reads_true.name,
        "reads_false": expect.reads_false.name,
        "slack": expect.slack,
        "reference_why": expect.reference_why,
    }


def condition_of(one: Guard | Premise) -> dict[str, Any]:
    return {**quantity_of(one.quantity), "holds": aloud(one.holds), "why": one.why}


def quantity_of(quantity: Quantity) -> dict[str, str]:
    return {"quantity": quantity.name, "unit": quantity.unit}


def range_of(one: Range) -> dict[str, str]:
    return {"range": aloud(one), "why": one.why}


def kernels(
    offered: Sequence[Offer], here: Mapping[str, Sequence[Kernel]], said: Callable[[Kernel], str], archive: str = ""
) -> dict[str, Any]:
    """Gives kernels. here: where they are from ("archive", fetched; "host"; "own") → those. archive: why it was not asked."""
    return {
        "schema": SCHEMA,
        "kernels": [{**kernel_of(one), "from": where, "boots": said(one)} for where, several in here.items() for one in several],
        "offered": [
            {"series": one.series, "release": one.release, "suite": one.suite, "version": str(one.version), "bytes": one.size}
            for one in offered
        ],
        "archive": archive or None,
    }


def kernel_of(one: Kernel) -> dict[str, Any]:
    return {
        "series": one.series,
        "release": one.release,
        "label": one.label or None,
        "source": one.source,
        "digest": one.digest,
        "bytes": one.image.stat().st_size,
    }


def findings(found: Sequence[Finding], guests: bool, host: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
    """Gives what this machine can run. guests: whether experiments run in guests. host: why experiments are skipped on the host
    itself, "" for those that run → their names; None where none can."""
    return {
        "schema": SCHEMA,
        "guests": guests,
        "findings": [
            {"what": one.what, "good": one.good, "vital": one.vital, "said": one.said, "remedy": one.remedy or None}
            for one in found
        ],
        "host": None
        if host is None
        else [{"skipped": reason or None, "experiments": list(names)} for reason, names in host.items()],
    }
