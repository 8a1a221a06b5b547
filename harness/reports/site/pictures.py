"""The picture of a claim on its page: which file, what is seen on it, what it is of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.reports.comparison import history
from harness.reports.site.claim_page import ClaimPage


@dataclass(frozen=True)
class Shown:
    """A picture. file: below the site's directory's parent, or in it."""

    file: str
    alt: str
    caption: str


def of(page: ClaimPage) -> list[Shown]:
    """Finds the pictures of a claim: of each verdict the newest kernel's."""
    found: dict[str, Shown] = {}
    for axis, row in reversed(page.page.rows):
        file = _file(page, row["kernel"], row["series"], axis, id(row))
        if row["verdict"] in history.DECIDED and file is not None and row["verdict"] not in found:
            where = f"{page.page.names[row['kernel']]}{f', {axis}' if axis else ''}"
            found[row["verdict"]] = Shown(
                f"../{file.relative_to(page.subject.root)}", row["why"], f"{row['verdict'].capitalize()} on {where}."
            )
    return list(found.values())


def _file(page: ClaimPage, kernel: str, series: str, axis: str, row: int) -> Path | None:
    """Finds the picture of a row; None where there is none."""
    plots = page.subject.root / "plots"
    cell = page.subject.cells.get(row)
    name = cell.name if cell else "@".join([page.asked.experiment.name, *axis.split(), kernel])
    short = re.sub(r"[^\w.=-]+", ".", name.replace(kernel, series))
    return next((path for path in (plots / f"{name}.svg", plots / f"{short}.svg") if path.exists()), None)
