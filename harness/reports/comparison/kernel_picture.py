"""A claim over the kernels as one picture: what decided on each, in the two ranges, and where the verdict changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from harness.claims.claim import Claim, Expect, Experiment
from harness.claims.limits import Limits
from harness.evidence.recording import Number
from harness.evidence.schema import QuantityRow, ReferenceRow, Row, decided
from harness.reports.comparison import history, rows
from harness.reports.comparison.history import Line
from harness.reports.pictures import choice, dots
from harness.reports.pictures.canvas import MARGIN, SMALL, WIDTH, Canvas, cut, wrap
from harness.reports.pictures.claim import Picture
from harness.reports.pictures.told import CLAIMED, ROOM, SIGNS, note
from harness.reports.pictures.values import over_trials
from harness.reports.pictures.zones import Axis
from harness.reports.wording import setting

MOST = 2  # expectations of a picture
NAME, SAID, LANE = 108.0, 104.0, 19.0
FLAG = "⚑"


def draw(claim: Claim, experiment: Experiment, lines: Sequence[Line], names: Mapping[str, str]) -> Picture | None:
    """Draws what decided a claim on each kernel; None where no kernel read anything. names: release → a short name."""
    read = {name for line in lines for row in line.rows for name, entry in rows.quantities(row).items() if rows.values(entry)}
    expects = [expect for expect in experiment.expects if expect.claim == claim and expect.quantity.name in read]
    if not expects:
        return None
    canvas = Canvas()
    canvas.paragraph(claim.text, size=13, bold=True, most=6)
    canvas.y += 2
    for line in lines[:4]:
        canvas.paragraph(summary(line), size=11.5, bold=True, most=3)
    canvas.y += 6
    for expect in telling(expects, lines)[:MOST]:
        block(canvas, expect, claim, lines, names)
    if len(expects) > MOST:
        note(canvas, f"{len(expects)} readings decide: the page has a table of each.")
    alt = f"{claim.text.rstrip('.')}. {'; '.join(map(summary, lines))}."
    return Picture(claim.id, f"{claim.id}.svg", canvas.svg(f"{claim.id} over the kernels", alt), alt)


def summary(line: Line) -> str:
    """Says the verdict of a claim under a setting over the kernels."""
    axis = setting(dict(line.axis))
    return f"{axis}: {line.summary()}" if axis else line.summary()


def telling(expects: Sequence[Expect], lines: Sequence[Line]) -> list[Expect]:
    """Puts first what made the most refuted verdicts: what reads as claimed everywhere says nothing of those."""

    def against(expect: Expect) -> int:
        found = 0
        for row in (row for line in lines for row in line.rows if row["verdict"] == "refuted"):
            entry = rows.quantities(row).get(expect.quantity.name)
            limits = Limits.parse(entry["if_false"]) if entry else None
            found += bool(entry and limits and all(limits.holds(value) for value in values_of(entry)))
        return -found

    return sorted(expects, key=against)


def values_of(entry: QuantityRow) -> list[Number]:
    """Gives the values that the ranges are of: of a rate the count of all trials."""
    return [entry["rate"]["count"]] if "rate" in entry else rows.values(entry)


def block(canvas: Canvas, expect: Expect, claim: Claim, lines: Sequence[Line], names: Mapping[str, str]) -> None:
    """Draws an expectation: a row for each kernel and setting."""
    canvas.paragraph(expect.quantity.name, bold=True, most=3)
    canvas.y += 4
    axis: Axis | None = None
    if choice.is_amount(expect):
        axis = head(canvas, expect, lines)
    for line in lines:
        for one, other in pairwise((None, *line.rows)):
            if other is None:
                continue
            if one is not None and one["verdict"] != other["verdict"]:
                flag(canvas, claim, one, other, names)
            row_of(canvas, expect, line, other, names, axis)
    canvas.y += 8


def entry_of(row: Row, expect: Expect) -> tuple[QuantityRow, ReferenceRow, ReferenceRow] | None:
    return next((one for one in decided(row) if one[0]["name"] == expect.quantity.name), None)


def ranges_of(entry: QuantityRow) -> tuple[Limits, Limits] | None:
    true, false = Limits.parse(entry["if_true"]), Limits.parse(entry["if_false"])
    return None if true is None or false is None else (true, false)


def side_of(entry: QuantityRow) -> str:
    """Says in which range what was read lies: "true", "false", "" in neither or not in one."""
    ranges = ranges_of(entry)
    if ranges is None:
        return ""
    true, false = ranges
    sides = {"true" if true.holds(value) else "false" if false.holds(value) else "" for value in values_of(entry)}
    return sides.pop() if len(sides) == 1 else ""


def axis_of(expect: Expect, found: tuple[QuantityRow, ReferenceRow, ReferenceRow]) -> Axis | None:
    ranges = ranges_of(found[0])
    if ranges is None:
        return None
    values = [*values_of(found[0]), *(() if "rate" in found[0] else (*rows.values(found[1]), *rows.values(found[2])))]
    return dots.axis_of(expect, *ranges, values, MARGIN + NAME, ROOM - NAME - SAID)


def head(canvas: Canvas, expect: Expect, lines: Sequence[Line]) -> Axis | None:
    """Writes which zone is which range, by the newest row; where ranges follow from the machine, every row has its own."""
    for row in reversed([row for line in lines for row in line.rows]):
        found = entry_of(row, expect)
        axis = axis_of(expect, found) if found else None
        if found and axis and (ranges := ranges_of(found[0])):
            top = canvas.y
            canvas.y += dots.zone_heads(canvas, axis, *ranges, expect, top)
            dots.bands(canvas, axis, top, canvas.y)
            return axis
    return None


def row_of(canvas: Canvas, expect: Expect, line: Line, row: Row, names: Mapping[str, str], axis: Axis | None) -> None:
    """Draws a kernel's row: its values as dots, its controls as hollow ones; or the value in words."""
    found = entry_of(row, expect)
    y = canvas.y + LANE / 2
    name = " ".join([names[row["kernel"]], *(value for _, value in line.axis)])
    canvas.text(MARGIN, y + 4, cut(name, NAME - 6, SMALL), "ink", SMALL)
    side = side_of(found[0]) if found is not None else ""
    word = CLAIMED[side] if found is not None else f"{SIGNS[row['verdict']]} {row['verdict']}"
    canvas.text(WIDTH - MARGIN, y + 4, word, side or "open", SMALL, True, ha="right")
    own = axis_of(expect, found) if axis is not None and found else None
    if found is not None and axis is not None and own is not None and len(own.zones) == len(axis.zones):
        own.zones = [
            type(zone)(zone.side, zone.low, zone.high, wide.x, wide.width)
            for zone, wide in zip(own.zones, axis.zones, strict=True)
        ]
        dots.bands(canvas, own, canvas.y, canvas.y + LANE)
        canvas.lines([[(MARGIN + NAME + 4, y), (WIDTH - MARGIN - SAID - 4, y)]], "dim", 0.4)
        if "rate" not in found[0]:
            controls = [(own.place(value), y) for control in found[1:] for value in rows.values(control)]
            canvas.dots(controls, "dim", 3.2)
            canvas.dots(controls, "paper", 2)
        canvas.dots([(own.place(value), y) for value in values_of(found[0])], "ink", 4.6)
    elif found is not None:
        text = over_trials(values_of(found[0]), expect)
        canvas.text(MARGIN + NAME, y + 4, cut(text, ROOM - NAME - SAID - 8, 11.5, True), side or "open", 11.5, True)
    canvas.y += LANE + 1


def flag(canvas: Canvas, claim: Claim, one: Row, other: Row, names: Mapping[str, str]) -> None:
    """Says between two kernels that the verdict changes there, and which commit or document is known for it."""
    known = history.between(claim, one, other)
    because = f": {known[-1].said}: {known[-1].source}" if known else ""
    text = f"{FLAG} changes between {names[one['kernel']]} and {names[other['kernel']]}{because}"
    canvas.y += 1
    for line in wrap(text, ROOM - 8, 9.5, most=3):
        canvas.y += 12
        canvas.text(MARGIN + 8, canvas.y, line, "false", 9.5)
    canvas.y += 4
