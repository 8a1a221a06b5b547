"""The source text of the first claims, statement by statement, in its order and in the project's own words: article.json.

The number of a statement is chapter, section and statement. What decides it are claims of the catalogue, the one that fits
best first: some say the same, some the contrary. A statement without one says why nothing can decide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from importlib.resources import files

import msgspec

from harness.claims.claim import CONFIRMED, DECIDED, REFUTED
from harness.evidence.schema import Row

FILE = "article.json"


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement. no: "3.7.4". section: the title of its section.

    claims: ids of claims that say the same: where they are confirmed, it holds. against: of claims that say the contrary. see:
    of claims about the same matter, which decide nothing of it. open: why no claim decides it, or "". until: the last release
    that it is about, where the lab runs none so old: its claims decide whether it holds today.
    """

    no: str
    section: str
    statement: str
    claims: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    open: str = ""
    until: str = ""

    @property
    def chapter(self) -> str:
        """Gives the number of its chapter."""
        return self.no.split(".")[0]

    @property
    def named(self) -> tuple[str, ...]:
        """Lists the ids of all claims that it names."""
        return (*self.claims, *self.against, *self.see)


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All statements in their order. chapters: number → title."""

    chapters: dict[str, str]
    statements: tuple[Statement, ...]


class Holds(Enum):
    """How a statement stands. The value is the word for it."""

    HOLDS = "holds"
    PARTLY = "holds in part"
    NOT = "does not hold"
    OPEN = "open"


@cache
def article() -> Article:
    """Reads the statements of the source text."""
    return msgspec.json.decode((files(__package__) / FILE).read_bytes(), type=Article)


def standing(statement: Statement, rows: Mapping[str, Iterable[Row]]) -> Holds:
    """Says how a statement stands by the verdicts of its claims. rows: of each claim, on every kernel and setting."""
    said = [row["verdict"] == CONFIRMED for claim in statement.claims for row in decided(rows.get(claim, ()))]
    said += [row["verdict"] == REFUTED for claim in statement.against for row in decided(rows.get(claim, ()))]
    if not said:
        return Holds.OPEN
    return Holds.HOLDS if all(said) else Holds.PARTLY if any(said) else Holds.NOT


def decided(rows: Iterable[Row]) -> list[Row]:
    """Gives the rows that were confirmed or refuted."""
    return [row for row in rows if row["verdict"] in DECIDED]
