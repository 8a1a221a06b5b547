"""The dot plot: the numbers of all trials and of both controls in the two ranges, which are a zone each."""

from __future__ import annotations

from collections.abc import Sequence

from harness.claims.claim import Expect
from harness.claims.limits import Limits
from harness.evidence.recording import Number
from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, Canvas, cut, wrap
from harness.reports.pictures.told import ROOM, Shown, Told, mark, note
from harness.reports.pictures.values import bound, over_trials
from harness.reports.pictures.zones import Axis
from harness.reports.wording import counted
from harness.verdicts.pooled import pooled
from harness.verdicts.reading import Reading
from harness.verdicts.wording import percent

MOST = 4  # expectations of a picture
ROW = 17.0  # points of a row of dots
SIGNED = ("less", "difference", "growth", "change", "off")  # words of a quantity that can be negative


def draw(told: Told) -> Canvas | None:
    """Draws each expectation: what decides in bold, below it the control that must read true and the one that must read
    false."""
    canvas = Canvas()
    told.heading(canvas)
    for expect, readings in told.readings[:MOST]:
        expectation(canvas, told, expect, readings)
    if len(told.readings) > MOST:
        note(canvas, f"{counted(len(told.readings) - MOST, 'more reading')} that count: the report has them.")
    return canvas


def expectation(canvas: Canvas, told: Told, expect: Expect, readings: Sequence[Reading]) -> None:
    """Draws an expectation: the two ranges as zones with their bounds, a row of dots for each of the three readings."""
    rows = told.shown(expect, readings)
    values = [value for row in rows for value in row.values if value is not None]
    limits = next(((one.if_true, one.if_false) for one in readings if one.if_true and one.if_false), None)
    if limits is None or limits[0] is None or limits[1] is None:
        note(canvas, f"{expect.quantity.name}: a bound was not read.")
        return
    axis = axis_of(expect, limits[0], limits[1], values, MARGIN, ROOM)
    canvas.y += 2
    places: list[float] = []
    for row in rows:
        canvas.y += label(canvas, told, row) + 4
        top = canvas.y
        if not row.must:
            canvas.y += zone_heads(canvas, axis, limits[0], limits[1], expect, top)
        bands(canvas, axis, top, canvas.y + ROW)
        places.append(canvas.y + ROW / 2)
        points(canvas, axis, row, places[-1])
        canvas.y += ROW
    if (rate := pooled(readings)) is not None:
        low, high = rate.interval
        y = places[0]
        ends = [axis.place(min(rate.events, max(0, share * rate.events))) for share in (low, high)]
        canvas.lines([[(ends[0], y), (ends[1], y)]], "ink", 1.4)
        share = percent(rate.count / rate.events)
        note(
            canvas,
            f"{rate.count:,} of {rate.events:,} {expect.quantity.unit} in all trials together: {share} %; the line is the 95 % "
            f"interval of that share, {percent(low)} to {percent(high)} %.",
        )
    canvas.y += 10


def axis_of(expect: Expect, true: Limits, false: Limits, values: Sequence[Number], x: float, width: float) -> Axis:
    """Makes the axis of an expectation. What is counted is never negative; a difference may be."""
    name = expect.quantity.name.lower()
    ends = [end for limits in (true, false) for end in (limits.low, limits.high) if end is not None]
    signed = any(word in name for word in SIGNED) or any(number < 0 for number in [*values, *ends])
    return Axis(true, false, values, x, width, None if signed else 0)


def zone_heads(canvas: Canvas, axis: Axis, true: Limits, false: Limits, expect: Expect, y: float) -> float:
    """Writes over each zone which range it is; gives the height."""
    most = 0
    for zone in axis.zones:
        if not zone.side:
            continue
        limits = true if zone.side == "true" else false
        words = bound(limits, expect)
        if limits.outside:
            words = _beyond(limits, zone.high <= _number(limits.low), expect)
        lines = wrap(f"{zone.side}: {words}", zone.width - 3, SMALL, True, most=4)
        for index, line in enumerate(lines):
            canvas.text(zone.x + zone.width / 2, y + 13 + index * 13, line, zone.side, SMALL, True, ha="center")
        most = max(most, len(lines))
    return most * 13 + 8


def _number(end: Number | None) -> float:
    return float("-inf") if end is None else float(end)


def _beyond(limits: Limits, below: bool, expect: Expect) -> str:
    """Says one side of a range that lies outside of another: "less than 5", "more than 5"."""
    end = limits.low if below else limits.high
    return f"{'less' if below else 'more'} than {bound(Limits(end, end), expect).removeprefix('exactly ')}"


def bands(canvas: Canvas, axis: Axis, top: float, bottom: float) -> None:
    """Fills the zones; they lie below whatever was drawn before."""
    for zone in axis.zones:
        if zone.side:
            canvas.under([(zone.x + 1, top, zone.width - 2, bottom - top)], f"in {zone.side}")


def label(canvas: Canvas, told: Told, row: Shown) -> float:
    """Writes what a row is and what was read; gives the height."""
    value = over_trials(row.values, row.expect, told.page_size)
    y = canvas.y
    lines = wrap(row.label, ROOM, SMALL if row.must else 11.5, bold=not row.must, most=3)
    for line in lines:
        y += LINE
        canvas.text(MARGIN, y, line, "dim" if row.must else "ink", SMALL if row.must else 11.5, not row.must)
    y += LINE
    left = mark(canvas, row, y)
    canvas.text(MARGIN, y, cut(value, left - MARGIN - 12, SMALL), "ink", SMALL)
    return y - canvas.y


def points(canvas: Canvas, axis: Axis, row: Shown, y: float) -> None:
    """Draws the values of the trials: filled dots for what decides, hollow ones for a control."""
    canvas.lines([[(MARGIN + 6, y), (MARGIN + ROOM - 6, y)]], "dim", 0.4)
    places = [(axis.place(value), y) for value in row.values if value is not None]
    canvas.dots(places, "ink", 5)
    if row.must:
        canvas.dots(places, "paper", 3.2)
