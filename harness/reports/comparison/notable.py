"""The published pages that single claims out: those of documents, and discoveries."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.claims.claim import REFUTED, Claim, Experiment
from harness.evidence.schema import Row
from harness.reports import markdown
from harness.reports.comparison import history
from harness.reports.comparison.page import Page, page

NAMES = ("documents", "discoveries")


def write(claims: Iterable[tuple[Claim, Experiment]], rows: Iterable[Row], to: Path) -> None:
    """Writes documents.md and discoveries.md into a reference. claims: those that have a row."""
    every = list(rows)
    pages = [
        page(claim, experiment, history.of_claim(claim.id, every))
        for claim, experiment in claims
        if claim.document or claim.discovery
    ]
    documented = [one for one in pages if one.claim.document]
    texts = {
        "documents": {
            "otherwise": list(filter(otherwise, documented)),
            "written": [one for one in documented if not otherwise(one)],
        },
        "discoveries": {"pages": [one for one in pages if one.claim.discovery]},
    }
    for name in NAMES:
        (to / f"{name}.md").write_text(markdown.filled(f"{name}.md.j2", **texts[name]), "utf-8")


def otherwise(told: Page) -> bool:
    """Says whether some kernel does otherwise than the claim says."""
    return any(row["verdict"] == REFUTED for _, row in told.rows)
