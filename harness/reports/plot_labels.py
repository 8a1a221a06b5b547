"""Labels of named moments above a plot: placed so that every one can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FONT = 8.5  # points
CHARACTER = 0.62 * FONT  # a wide guess: the reader's font is not known


@dataclass(frozen=True)
class Label:
    """A named moment's label: where its line is, where its text begins (both in points), how many lines up it is."""

    x: float
    start: float
    level: int
    text: str


def place(marks: Sequence[tuple[float, str]], margin: float) -> list[Label]:
    """Places labels above a panel so that no text meets another or another's line.

    A text ends at its own line and stands higher than those before it in its way. One that would begin left of the
    figure, or cross the line of such a one, begins at its line and stands above all that it meets. marks: x in
    points from the panel's left edge, in order. margin: what is left of that edge, in points.
    """
    placed: list[Label] = []
    leaning: list[tuple[float, str]] = []
    for x, text in marks:
        start = x - breadth(text)
        if start < -margin or any(start < other for other, _ in leaning):
            leaning.append((x, text))
        else:
            level = 1 + max((one.level for one in placed if one.x > start), default=-1)
            placed.append(Label(x, start, level, text))
    for x, text in reversed(leaning):
        met = [one.level for one in placed if one.start < x + breadth(text) and one.start + breadth(one.text) > x]
        placed.append(Label(x, x, 1 + max(met, default=-1), text))
    return sorted(placed, key=lambda label: label.x)


def breadth(text: str) -> float:
    """Gives a label's width in points, with the space around it."""
    return len(text) * CHARACTER + 6


def rows(placed: Sequence[Label]) -> int:
    """Counts the lines of labels."""
    return 1 + max((label.level for label in placed), default=-1)
