"""Pages in Markdown: the templates, what they may call, and the page of a cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.claims.claim import RATE, SKIPPED, UNDECIDED
from harness.evidence.schema import EnvironmentFile
from harness.printable import harmless
from harness.reports import kills, microscope, moments
from harness.reports.conditions import conditions, settings
from harness.reports.decision import guard_bound, heads, numbers, ranges
from harness.reports.microscope import Look
from harness.reports.moments import COLUMNS
from harness.reports.readings import Cell
from harness.reports.wording import (
    aloud,
    code,
    counted,
    near,
    number,
    plain,
    repetition,
    setting,
    signed,
    surprises,
    tally,
    where,
)
from harness.verdicts.classify import is_surprise
from harness.verdicts.judged import Outcome

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def looks(cell: Cell) -> list[tuple[str, list[Look]]]:
    """Lists each arm of the shown trial that looked at pages, and what it saw."""
    arms = cell.shown.arms if cell.shown else {}
    return [(arm, found) for arm in cell.asked if (found := microscope.looks(arms[arm]))]


def killed(cell: Cell) -> list[dict[str, Any]]:
    """Lists every victim of the shown trial."""
    return [row for arm in cell.asked if cell.shown for row in kills.rows(cell.shown.arms[arm])]


def summary(outcomes: Sequence[Outcome]) -> str:
    """Says how many verdicts of each kind there are, how many surprises and errors."""
    rows = [row for one in outcomes for row in one.rows]
    errors = counted(sum(len(one.failures) for one in outcomes), "error")
    return f"{tally(rows)}; {surprises(rows)}; {errors}."


def load() -> None:
    """Imports the template engine and compiles the templates: 0.2 s."""
    for name in templates().list_templates():
        templates().get_template(name)


@cache
def templates() -> Environment:
    """Loads the templates and what they may call."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown: the filters below escape what is foreign
    )
    found.filters |= {"plain": plain, "near": near, "code": code, "number": number, "signed": signed, "link": quote}
    found.globals |= {
        "where": where,
        "repetition": repetition,
        "setting": setting,
        "ranges": ranges,
        "numbers": numbers,
        "guard_bound": guard_bound,
        "counted": counted,
        "aloud": aloud,
        "dict": dict,
        "settings": settings,
        "is_surprise": is_surprise,
        "COLUMNS": COLUMNS,
        "RATE": RATE,
        "UNDECIDED": UNDECIDED,
        "SKIPPED": SKIPPED,
    }
    found.globals |= {"looks": looks, "columns": microscope.columns, "ROWS": microscope.ROWS, "kills": killed}
    return found


def filled(template: str, **values: Any) -> str:
    """Fills a template; what would act on a terminal is written as its number, wherever in the text it comes."""
    return harmless(templates().get_template(template).render(**values), keep="\n")


def cell_page(cell: Cell, around: EnvironmentFile) -> str:
    """Writes a cell's page: its numbers trial by trial, its counters, pages and kills, and what held meanwhile. around: the
    run's environment."""
    return filled(
        "cell.md.j2",
        cell=cell,
        judged=cell.judged,
        heads=heads(cell),
        comparisons=moments.compare(cell),
        conditions=conditions(cell.judged, around),
    )
