"""The picture of a claim on its page: which file, what is seen on it, what it is of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.claims.claim import DECIDED
from harness.reports.pictures import claim as picture
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
        if row["verdict"] in DECIDED and file is not None and row["verdict"] not in found:
            where = f"{page.page.names[row['kernel']]}{f', {axis}' if axis else ''}"
            found[row["verdict"]] = Shown(
                f"../{file.relative_to(page.subject.root)}", picture.alt_of(file), f"{row['verdict'].capitalize()} on {where}."
            )
    return list(found.values())


def _file(page: ClaimPage, kernel: str, series: str, axis: str, row: int) -> Path | None:
    """Finds the picture of a row; None where there is none."""
    folder, experiment = page.subject.root / picture.FOLDER, page.asked.experiment.name
    cell = page.subject.cells.get(row)
    name = cell.name if cell else "@".join([experiment, *axis.split(), kernel])
    own = picture.file_name(name, experiment, page.claim.id)
    published = [re.sub(r"[^\w.=+-]+", ".", own.replace(kernel, end)) for end in (kernel, series)]
    return next((path for one in (own, *published) if (path := folder / one).exists()), None)
