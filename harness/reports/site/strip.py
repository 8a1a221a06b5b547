"""The strip of a claim: its verdicts on the kernels in a row, kernels next to each other that agree as one piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.claims.claim import CONFIRMED, DECIDED, REFUTED, SKIPPED, UNDECIDED
from harness.evidence.schema import Row
from harness.reports.comparison.history import Line
from harness.reports.comparison.index import labels
from harness.verdicts.classify import is_surprise

ABSENT, DEPENDS, BROKEN = "absent", "depends", "broken"
# Beside the word, so that colour is never the only sign.
SIGNS = {CONFIRMED: "✔", REFUTED: "✘", UNDECIDED: "?", SKIPPED: "–", ABSENT: "·", DEPENDS: "◐", BROKEN: "!"}
NAMES = {"lru": "LRU lists", "malloc": "allocator", "thp": "transparent huge pages"}


@dataclass(frozen=True)
class Piece:
    """Kernels next to each other with one verdict. kernels: their names. surprise: another verdict was known."""

    verdict: str
    kernels: tuple[str, ...]
    surprise: bool = False

    @property
    def sign(self) -> str:
        return SIGNS[self.verdict]


@dataclass(frozen=True)
class Strip:
    """A claim's verdicts under settings that agree. label: those settings, "" where there is none to tell."""

    label: str
    pieces: tuple[Piece, ...]


def strips(lines: Sequence[Line], kernels: Sequence[str], names: Mapping[str, str], merge: bool = False) -> list[Strip]:
    """Makes the strips of a claim. merge: settings that agree on every kernel that they share are one."""
    found: list[tuple[list[Line], dict[str, Row]]] = []
    for line in lines:
        own = {row["kernel"]: row for row in line.rows}
        for together, merged in found if merge else ():
            if all(state(merged[kernel]) == state(own[kernel]) for kernel in set(own) & set(merged)):
                together.append(line)
                merged |= {kernel: row for kernel, row in own.items() if kernel not in merged}
                break
        else:
            found.append(([line], own))
    return [Strip(named(labels(together)), tuple(pieces(own, kernels, names))) for together, own in found]


def named(settings: str) -> str:
    """Says settings as people call them: "lru classic" is "LRU lists: classic"."""
    parts = (part.partition(" ") for part in settings.split("; ") if part)
    return "; ".join(f"{NAMES.get(name, name)}: {values}" for name, _, values in parts)


def state(row: Row | None) -> tuple[str, bool]:
    return (ABSENT, False) if row is None else (row["verdict"], is_surprise(row))


def pieces(own: Mapping[str, Row], kernels: Sequence[str], names: Mapping[str, str]) -> list[Piece]:
    """Puts kernels next to each other together that agree. kernels: all that the site has, the oldest first."""
    return [
        Piece(verdict, tuple(names[kernel] for kernel in alike), surprise)
        for (verdict, surprise), alike in groupby(kernels, lambda kernel: state(own.get(kernel)))
    ]


def overall(rows: Sequence[Row]) -> str:
    """Says a claim's verdict in a word, over all kernels and settings: DEPENDS where some confirm it and some refute it."""
    there = {row["verdict"] for row in rows}
    decided = there & set(DECIDED)
    if len(decided) == 2:
        return DEPENDS
    return decided.pop() if decided else UNDECIDED if UNDECIDED in there else SKIPPED
