"""The picture of a claim in a cell: chosen by the kind of quantity that decided, drawn from the evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import unescape

from harness.claims.claim import SKIPPED
from harness.claims.picture import CANDIDATES, COURSE, DOTS, MARKS, PAGE_MAP, REQUESTS
from harness.evidence.recording import Trial
from harness.evidence.schema import Row
from harness.reports.pictures import candidates, choice, course, dots, marks, page_map, requests
from harness.reports.pictures.canvas import Canvas
from harness.reports.pictures.told import Told
from harness.reports.readings import Cell
from harness.reports.tracks import Track
from harness.verdicts.judge import Verdict

FOLDER = "plots"
# What draws each kind; what it falls back to where the evidence does not have what it shows.
DRAWN: dict[str, tuple[Callable[[Told], Canvas | None], ...]] = {
    PAGE_MAP: (page_map.draw, dots.draw),
    CANDIDATES: (candidates.draw, marks.draw),
    REQUESTS: (requests.draw, marks.draw),
    COURSE: (course.draw, dots.draw),
    DOTS: (dots.draw,),
    MARKS: (marks.draw,),
}


@dataclass(frozen=True)
class Picture:
    """A claim's picture. name: of its file below FOLDER. svg: its text. alt: what is seen on it."""

    claim: str
    name: str
    svg: str
    alt: str


def file_name(cell: str, experiment: str, claim: str) -> str:
    """Names the file of a claim's picture: the claim, with the cell's setting and kernel as its directory has them."""
    return f"{claim}{cell.removeprefix(experiment)}.svg"


def draw_all(cell: Cell, tracks: Sequence[Track]) -> Iterator[Picture]:
    """Draws the picture of every claim of a cell that has a verdict; of a skipped one there is nothing to see."""
    for verdict, row in zip(cell.judged.verdicts, cell.judged.rows, strict=True):
        if verdict.verdict == SKIPPED or cell.shown is None or not verdict.readings:
            continue
        yield draw(cell, cell.shown, verdict, row, tracks)


def draw(cell: Cell, trial: Trial, verdict: Verdict, row: Row, tracks: Sequence[Track]) -> Picture:
    """Draws a claim's picture. trial: of which is shown what is read of one."""
    kind, readings = choice.chosen(verdict)
    told = Told(cell, trial, verdict, row, readings, tracks)
    canvas = next(drawn for one in DRAWN[kind] if (drawn := one(told)) is not None)
    alt = told.sentence()
    name = file_name(cell.judged.directory.name, cell.judged.experiment.name, verdict.claim.id)
    return Picture(verdict.claim.id, name, canvas.svg(told.title, alt), alt)


def alt_of(svg: Path) -> str:
    """Reads the alt text of a picture from its file."""
    found = re.search(r"<desc>(.*?)</desc>", svg.read_text("utf-8"), re.S)
    return unescape(found[1]) if found else ""


def of(run: Path, cell: str, experiment: str, claim: str) -> tuple[Path, str] | None:
    """Finds the picture of a claim in a cell of a run: its file and its alt text; None where there is none."""
    path = run / FOLDER / file_name(cell, experiment, claim)
    return (path, alt_of(path)) if path.exists() else None
