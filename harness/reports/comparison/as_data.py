"""Comparisons and histories as data, for `--json` (docs/json.md documents every key)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness import contents
from harness.claims.claim import Claim
from harness.evidence.run_directory import SCHEMA
from harness.evidence.schema import Row
from harness.reports.comparison import bisections, changed_claims, history, rows
from harness.reports.comparison.differences import Comparison, Noise, Pair
from harness.reports.comparison.history import Line
from harness.reports.comparison.rows import Difference
from harness.reports.comparison.selection import Selection


def comparison(found: Comparison, noise: Noise) -> dict[str, Any]:
    """Gives a comparison: both sides, what differs, and how many rows have none beside them."""
    quantities, following = found.quantities(noise)
    changes = {id(one.pair): one for one in changed_claims.changes(found)}
    return {
        "schema": SCHEMA,
        "a": side(found.one),
        "b": side(found.other),
        "compared": len(found.pairs),
        "only_a": found.only_one,
        "only_b": found.only_other,
        "verdicts": [verdict(pair, changes.get(id(pair))) for pair in found.verdicts()],
        "quantities": [
            {**about(pair), "verdict": pair.one["verdict"], **numbers(one)} for pair, several in quantities for one in several
        ],
        "following_memory_total": following,
    }


def side(selection: Selection) -> dict[str, Any]:
    return {
        "name": selection.name,
        "rows": len(selection.rows),
        "kernels": selection.kernels,
        "runs": sorted({row["run"] for row in selection.rows if "run" in row}),
        "broken": list(selection.broken),
    }


def about(pair: Pair) -> dict[str, Any]:
    """Says what a pair of rows is about: kernel is null where each side has one of its own."""
    return {"claim": pair.claim, "settings": dict(pair.axis), "kernel": pair.kernel or None}


def verdict(pair: Pair, change: changed_claims.Change | None) -> dict[str, Any]:
    return {
        **about(pair),
        "changed": change is not None,
        "a": of_row(pair.one),
        "b": of_row(pair.other),
        "quantities": [numbers(one) for one in rows.pairs(pair.one, pair.other)],
        "known": [contents.answer(known) for known in change.known] if change else [],
        "commits": change.commits if change else [],
    }


def of_row(row: Row) -> dict[str, Any]:
    """Gives what stands of a row beside another."""
    return {"verdict": row["verdict"], "known": row["known"], "kernel": row["kernel"], "why": row["why"], "run": row.get("run")}


def numbers(difference: Difference) -> dict[str, Any]:
    """Gives a quantity's values on both sides: of a rate, both ends of the interval of its share."""
    return {
        "quantity": difference.name,
        "unit": difference.unit,
        "a": list(difference.one),
        "b": list(difference.other),
        "if_true": difference.bounds,
        "noise": difference.noise,
    }


def histories(claims: Sequence[Claim], found: Sequence[Row]) -> dict[str, Any]:
    """Gives the claims over the kernels that were run."""
    return {
        "schema": SCHEMA,
        "claims": [
            {
                "claim": claim.id,
                "section": claim.section,
                "text": claim.text,
                "known": [contents.answer(known) for known in claim.known],
                "bisections": [vars(one) for one in bisections.published() if one.claim == claim.id],
                "lines": [line_of(line) for line in history.of_claim(claim.id, found)],
            }
            for claim in claims
        ],
    }


def line_of(line: Line) -> dict[str, Any]:
    """Gives a claim under one setting: its rows as verdicts.json has them, and where they change."""
    return {
        "settings": dict(line.axis),
        "summary": line.summary(),
        "changes": [
            {"from": one["kernel"], "to": other["kernel"], "verdicts": [one["verdict"], other["verdict"]]}
            for one, other in line.changes()
        ],
        "rows": list(line.rows),
    }
