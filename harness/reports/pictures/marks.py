"""A table with marks, for what is yes or no, a name, an errno or a small count: no axis has a place between them."""

from __future__ import annotations

from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, WIDTH, Canvas, wrap
from harness.reports.pictures.told import ROOM, Shown, Told, note
from harness.reports.pictures.values import bound, over_trials
from harness.reports.wording import counted

MOST = 8  # expectations of a picture
VALUE = 118.0  # points of the column of values
SIGN = 22.0


def draw(told: Told) -> Canvas | None:
    """Draws a block for each expectation: what decides, and both controls; ✔ where it reads as the claim says."""
    canvas = Canvas()
    told.heading(canvas)
    for expect, readings in told.readings[:MOST]:
        first = readings[0]
        true, false = bound(first.if_true, expect), bound(first.if_false, expect)
        canvas.y += 3
        canvas.lines([[(MARGIN, canvas.y), (WIDTH - MARGIN, canvas.y)]], "line", 0.8)
        for shown in told.shown(expect, readings):
            row(canvas, told, shown)
        canvas.y += 2
        note(canvas, f"true: {true}; false: {false}")
        canvas.y += 4
    if len(told.readings) > MOST:
        note(canvas, f"{counted(len(told.readings) - MOST, 'more reading')} that count: the report has them.")
    return canvas


def row(canvas: Canvas, told: Told, shown: Shown) -> None:
    """Draws one reading: its name, its value, and the range that this lies in."""
    size = SMALL if shown.must else 11.5
    value = over_trials(shown.values, shown.expect, told.page_size)
    room = ROOM - VALUE - SIGN - 12
    lines = wrap(shown.label, room, size, not shown.must, most=4)
    values = wrap(value, VALUE, 11.5, True, most=4)
    height = max(len(lines), len(values)) * LINE + 6
    side = shown.outcome
    if side:
        canvas.under([(WIDTH - MARGIN - VALUE - SIGN - 6, canvas.y + 1, VALUE + SIGN + 6, height - 2)], f"in {side}")
    for index, line in enumerate(lines):
        canvas.text(MARGIN, canvas.y + 14 + index * LINE, line, "dim" if shown.must else "ink", size, not shown.must)
    role = side or "open"
    for index, line in enumerate(values):
        canvas.text(WIDTH - MARGIN - VALUE - 2, canvas.y + 14 + index * LINE, line, role, 11.5, True)
    sign = {"true": "✔", "false": "✘", "": "?"}[side]
    canvas.text(WIDTH - MARGIN - VALUE - SIGN + 2, canvas.y + 14.5, sign, role, 13, True)
    canvas.y += height
