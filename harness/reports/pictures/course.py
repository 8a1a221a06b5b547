"""A counter over time: what decides and both controls, each from its own first moment to its last, all trials aligned there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.claims import unread
from harness.claims.limits import human
from harness.claims.quantities import Change, Counter
from harness.reports import columns, readings
from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, Canvas, breadth, cut, wrap
from harness.reports.pictures.told import ROOM, Shown, Told, note, value
from harness.reports.pictures.values import size
from harness.reports.tracks import Track
from harness.reports.wording import counted

if TYPE_CHECKING:
    from harness.reports.arrays import Real

MOST = 2  # expectations of a picture
HEIGHT, LEFT = 62.0, 52.0
LEAST = 6  # samples between both moments: with fewer there is no course to see
SLICES = 110  # of time; a line has its least and its most in each


@dataclass(frozen=True)
class Line:
    """A counter of a trial: seconds since the first moment, what it has grown since, and the moments between."""

    seconds: Real
    values: Real
    moments: tuple[tuple[float, str], ...]
    strong: bool
    samples: int


def draw(told: Told) -> Canvas | None:
    """Draws what decides, then both controls of the first, all on one scale of growth; None where there are too few samples to
    see a course."""
    canvas = Canvas()
    told.heading(canvas)
    shown_ones = [told.shown(expect, of_expect) for expect, of_expect in told.readings[:MOST]]
    rows = [(shown, lines(told, shown)) for shown in [*(each[0] for each in shown_ones), *shown_ones[0][1:]]]
    if not all(any(line.samples >= LEAST for line in found) for _, found in rows[: len(shown_ones)]):
        return None
    most = max((float(abs(line.values).max()) for _, found in rows for line in found), default=0.0)
    low = min((float(line.values.min()) for _, found in rows for line in found), default=0.0)
    for shown, found in rows:
        panel(canvas, told, shown, found, most or 1.0, low < -most / 50)
    if len(told.readings) > MOST:
        note(canvas, f"{counted(len(told.readings) - MOST, 'more reading')} that count: the report has them.")
    return canvas


def lines(told: Told, shown: Shown) -> list[Line]:
    """Gives the course of a reading's counter in every trial that ended well, the shown trial first; empty where it is none."""
    (leaf,) = found if len(found := list(unread.parts(shown.quantity))) == 1 else (None,)
    if not isinstance(leaf, (Change, Counter)):
        return []
    since, until = (leaf.since, leaf.until) if isinstance(leaf, Change) else ("", leaf.sample)
    made = []
    for track in told.tracks:
        if track.arm == leaf.arm and any(trial.number == track.trial for trial in told.cell.whole):
            line = course(track, leaf.counter, since, until, track.trial == told.trial.number)
            made += [line] if line else []
    return sorted(made, key=lambda line: not line.strong)


def course(track: Track, counter: str, since: str, until: str, strong: bool) -> Line | None:
    """Cuts a counter's course between two named moments; from the start of the recording where the first has no name."""
    import numpy as np

    named = {name: float(second) for second, name in zip(track.seconds, track.names, strict=True) if name}
    seconds, values = track.curve(counter)
    if until not in named or (since and since not in named) or not len(seconds):
        return None
    first, last = named.get(since, float(seconds[0])), named[until]
    inside = (seconds >= first) & (seconds <= last)
    if not inside.any() or last <= first:
        return None
    cut_seconds, cut_values = seconds[inside] - first, values[inside].astype(np.float64)
    base = cut_values[0] if since else 0.0
    between = tuple((second - first, name) for name, second in named.items() if first <= second <= last)
    when, what = thin(cut_seconds, cut_values - base, SLICES)
    return Line(when, what, between, strong, int(inside.sum()))


def thin(seconds: Real, values: Real, slices: int) -> tuple[Real, Real]:
    """Thins points out: without the middles of level stretches; of too many points the least and the most in each slice of time.

    So a long series makes no larger file, and no peak is lost.
    """
    import numpy as np

    kept = np.ones(len(values), bool)
    kept[1:-1] = (values[1:-1] != values[:-2]) | (values[1:-1] != values[2:])
    seconds, values = seconds[kept], values[kept]
    if len(values) <= 2 * slices:
        return seconds, values
    of_slice = (seconds / max(seconds[-1], 1e-9) * slices).astype(np.int64)
    order = np.lexsort((values, of_slice))
    first = np.flatnonzero(np.diff(of_slice[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    chosen = np.unique(np.concatenate([order[first], order[last], [0, len(values) - 1]]))
    return seconds[chosen], values[chosen]


def panel(canvas: Canvas, told: Told, shown: Shown, found: Sequence[Line], most: float, negative: bool) -> None:
    """Draws one reading's courses over each other."""
    for text in wrap(shown.label, ROOM, SMALL if shown.must else 11.5, not shown.must, most=3):
        canvas.y += LINE
        canvas.text(MARGIN, canvas.y - 2, text, "dim" if shown.must else "ink", SMALL if shown.must else 11.5, not shown.must)
    value(canvas, told, shown)
    canvas.y += 4
    if not found:
        canvas.y += 6
        return
    longest = max(float(line.seconds[-1]) for line in found) or 1.0
    x, y, width = MARGIN + LEFT, canvas.y, ROOM - LEFT
    leaf = next(iter(unread.parts(shown.quantity)))
    scale = readings.scale(getattr(leaf, "counter", ""), told.page_size)
    low = -most if negative else 0.0

    def height(number: float) -> float:
        return y + HEIGHT - (number - low) / (most - low) * (HEIGHT - 6)

    moments(canvas, found[0], longest, x, y, width)
    for line in reversed(found):
        points = [
            (x + float(second) / longest * width, height(float(one)))
            for second, one in zip(line.seconds, line.values, strict=True)
        ]
        canvas.lines([points], "anonymous", 2.2 if line.strong else 1.0, 1.0 if line.strong else 0.5)
    canvas.lines([[(x, y), (x, y + HEIGHT), (x + width, y + HEIGHT)]], "dim", 0.8)
    what = columns.unit(getattr(leaf, "counter", ""))
    unit = "" if scale or what == columns.COUNT else f" {what}"
    for number in dict.fromkeys((most, 0.0, low)):
        text = size(number * scale) if scale and number else f"{human(number)}{unit if number else ''}"
        canvas.text(x - 5, height(number) + 3.5, text, "dim", 9, ha="right")
    canvas.y = y + HEIGHT + 12
    named = found[0].moments
    first = f"“{named[0][1]}”" if named and named[0][0] == 0 else "first sample"
    last = f"“{named[-1][1]}”, {longest:.3g} s later"
    canvas.text(x, canvas.y, cut(first, width / 2 - 6, 9.5), "dim", 9.5)
    canvas.text(x + width, canvas.y, cut(last, width / 2 - 6, 9.5), "dim", 9.5, ha="right")
    canvas.y += 6


def moments(canvas: Canvas, line: Line, longest: float, x: float, y: float, width: float) -> None:
    """Draws the time between two named moments as a band, with the name of the moment that ends it."""
    for index, ((start, _), (end, name)) in enumerate(zip(line.moments, line.moments[1:], strict=False)):
        left, right = x + start / longest * width, x + end / longest * width
        if index % 2 == 0:
            canvas.under([(left, y, right - left, HEIGHT)], "absent")
        canvas.lines([[(right, y), (right, y + HEIGHT)]], "line", 0.8)
        text = cut(f"“{name}”", max(right - left - 6, 0), 9)
        if breadth(text, 9) > 14 and (end, name) != line.moments[-1]:
            canvas.text(right - 3, y + 8, text, "dim", 9, ha="right")
