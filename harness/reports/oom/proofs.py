"""What the reference matrix says of a claim on the kernel of a log."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from harness.errors import UsageError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.linux.releases import order, series
from harness.reports.comparison import rows
from harness.reports.wording import listed


@cache
def published() -> tuple[Row, ...]:
    """Reads the verdicts of the reference matrix; none where this checkout has no matrix."""
    try:
        return tuple(run_directory.read_verdicts(rows.REFERENCE)["verdicts"])
    except UsageError:
        return ()


def verdict(claim: str, release: str | None, published: Sequence[Row]) -> str:
    """Says a claim's published verdict on a release's series, or on its nearest neighbours."""
    found: dict[str, dict[str, None]] = {}
    for row in published:
        if row["claim"] == claim:
            found.setdefault(row["series"], {})[row["verdict"]] = None
    said = {name: " and ".join(kinds) for name, kinds in sorted(found.items(), key=lambda one: order(one[0]))}
    if not said:
        return "not published"
    own = series(release) if release else None
    if own in said:
        return f"{said[own]} on {own}"
    if own is None:
        near = list(said)
    else:
        below = [name for name in said if order(name) < order(own)]
        above = [name for name in said if order(name) > order(own)]
        near = below[-1:] + above[:1]
    kinds = dict.fromkeys(said[name] for name in near)
    each = ", ".join(f"{listed([name for name in near if said[name] == kind])}: {kind}" for kind in kinds)
    return f"{each}{f'; {own} is not published' if own else ''}"
