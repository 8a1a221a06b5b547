"""The source text that the catalogue began with: its statements, and how much of it holds.

article.toml has the statements; its head says what each key means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

import msgspec

from harness.claims.claim import CONFIRMED, REFUTED
from harness.errors import LabError
from harness.evidence.schema import Row

FILE = Path(__file__).with_name("article.toml")
NUMBER = re.compile(r"\d+(\.\d+)*")


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text as a whole: what it is, and what stands at the head of its page."""

    title: str
    about: str


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement, with the ids of the claims that say the same, the contrary, or something about the same matter."""

    no: str
    statement: str
    chapter: str = ""
    section: str = ""
    claims: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    open: str = ""


class Article(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """article.toml."""

    source: Source
    statements: tuple[Statement, ...] = ()


class Holds(Enum):
    """How a statement stands. The value is the word for it."""

    HOLDS = "holds"
    PARTLY = "partly"
    NOT = "does not hold"
    OPEN = "open"


def read(path: Path = FILE) -> Article:
    """Reads the statements. Raises LabError where the file is not as its head says."""
    remedy = "see the head of article.toml"
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Article)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise LabError(f"article {path}", " ".join(str(error).split()), remedy) from error
    numbers = [one.no for one in found.statements]
    for one in found.statements:
        if not NUMBER.fullmatch(one.no):
            raise LabError(f"article {path}", f"{one.no!r} is no number of a statement", remedy)
        if not (one.claims or one.against or one.open):
            raise LabError(f"article {path}", f"{one.no} has no claim, and no word on why nothing decides it", remedy)
    if numbers != sorted(set(numbers), key=order):
        raise LabError(f"article {path}", "its numbers are not in order, each once", remedy)
    return found


def order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


def standing(statement: Statement, rows: Mapping[str, Iterable[Row]]) -> Holds:
    """Says how a statement stands by the verdicts of its claims. rows: of each claim, on every kernel and setting."""
    said = [row["verdict"] == CONFIRMED for claim in statement.claims for row in decided(rows.get(claim, ()))]
    said += [row["verdict"] == REFUTED for claim in statement.against for row in decided(rows.get(claim, ()))]
    if not said:
        return Holds.OPEN
    return Holds.HOLDS if all(said) else Holds.PARTLY if any(said) else Holds.NOT


def decided(rows: Iterable[Row]) -> list[Row]:
    """Gives the rows that were confirmed or refuted."""
    return [row for row in rows if row["verdict"] in {CONFIRMED, REFUTED}]
