"""The source text of the first claims, statement by statement, in its order and in the project's own words: article.json.

The number of a statement is chapter, section and statement. What decides it are claims of the catalogue, the one that fits
best first. A statement without one says why nothing can decide it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FILE = "article.json"


@dataclass(frozen=True)
class Statement:
    """One statement. no: "3.7.4". section: the title of its section. claims: ids. open: why no claim decides it, or ""."""

    no: str
    section: str
    statement: str
    claims: tuple[str, ...]
    open: str = ""

    @property
    def chapter(self) -> str:
        """Gives the number of its chapter."""
        return self.no.split(".")[0]


@dataclass(frozen=True)
class Article:
    """All statements in their order. chapters: number → title."""

    chapters: dict[str, str]
    statements: tuple[Statement, ...]


@cache
def article() -> Article:
    """Reads the statements of the source text."""
    found = json.loads((files(__package__) / FILE).read_text(encoding="utf-8"))
    rows = (Statement(**{**row, "claims": tuple(row["claims"])}) for row in found["statements"])
    return Article(found["chapters"], tuple(rows))
