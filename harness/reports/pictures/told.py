"""What a picture tells of a claim in a cell, whatever kind it is: the sentence, the verdict, the readings that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Expect
from harness.claims.limits import Limits
from harness.claims.quantities import Quantity
from harness.evidence.recording import Number, Trial
from harness.evidence.schema import Row
from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, WIDTH, Canvas, breadth, cut, tidy
from harness.reports.pictures.values import bound, over_trials
from harness.reports.readings import Cell
from harness.reports.tracks import Track
from harness.reports.wording import setting
from harness.verdicts.judge import Verdict
from harness.verdicts.pooled import pooled, total
from harness.verdicts.reading import Reading

ROOM = WIDTH - 2 * MARGIN
SIGNS = {CONFIRMED: "✔", REFUTED: "✘", UNDECIDED: "?", SKIPPED: "–"}
CLAIMED = {"true": "✔ as claimed", "false": "✘ not as claimed", "": "? neither"}
ROLES = {CONFIRMED: "true", REFUTED: "false", UNDECIDED: "open", SKIPPED: "dim"}


@dataclass(frozen=True)
class Shown:
    """One thing that was read for an expectation: what decides, or a control whose answer is known.

    must: "" for what decides, "true" or "false" for a control. values: of the valid trials; of a rate, the one sum."""

    expect: Expect
    must: str
    quantity: Quantity
    values: tuple[Number | None, ...]
    limits: tuple[tuple[Limits | None, Limits | None], ...]

    @property
    def label(self) -> str:
        """Names what was read, and whether it is a control."""
        return f"control, must read {self.must}: {self.quantity.name}" if self.must else self.quantity.name

    @property
    def outcome(self) -> str:
        """Says in which range the values of all trials lie: "true", "false", "" where in neither or not in one."""
        sides = set()
        for value, (true, false) in zip(self.values, self.limits, strict=False):
            if value is None or true is None or false is None:
                return ""
            sides.add("true" if true.holds(value) else "false" if false.holds(value) else "")
        return sides.pop() if len(sides) == 1 else ""


def taken(reading: Reading, must: str) -> Number | None:
    """Gives what was read in a trial: what decides, or the control that must read so."""
    return {"": reading.value, "true": reading.reads_true, "false": reading.reads_false}[must]


@dataclass(frozen=True)
class Told:
    """A claim in a cell. trial: whose pages, requests and candidates are shown. readings: the expectations that the picture
    shows. tracks: the samples of its trials."""

    cell: Cell
    trial: Trial
    verdict: Verdict
    row: Row
    readings: Sequence[tuple[Expect, Sequence[Reading]]]
    tracks: Sequence[Track]

    @property
    def page_size(self) -> int:
        return self.trial.any.page_size

    def shown(self, expect: Expect, readings: Sequence[Reading]) -> list[Shown]:
        """Lists what decides and both controls of an expectation."""
        which = (("", expect.quantity), ("true", expect.reads_true), ("false", expect.reads_false))
        rate = pooled(readings) is not None
        limits = tuple((one.if_true, one.if_false) for one in readings)
        found = []
        for must, quantity in which:
            values = tuple(taken(one, must) for one in readings)
            found.append(Shown(expect, must, quantity, (total(values),) if rate else values, limits[:1] if rate else limits))
        return found

    def heading(self, canvas: Canvas) -> None:
        """Writes the claim's sentence, the verdict, and where it was found."""
        canvas.paragraph(self.verdict.claim.text, size=13, bold=True, most=6)
        canvas.y += 4
        word, role = f"{SIGNS[self.row['verdict']]} {self.row['verdict'].upper()}", ROLES[self.row["verdict"]]
        canvas.y += LINE
        canvas.text(MARGIN, canvas.y, word, role, 13, True)
        beside = MARGIN + breadth(word, 13, True) + 8
        canvas.y -= SMALL * 1.25 - 1
        canvas.paragraph(self.where, "dim", SMALL, x=beside, room=WIDTH - MARGIN - beside, most=3)
        canvas.y += 6
        if self.row["verdict"] == UNDECIDED:
            canvas.paragraph(self.row["why"], "open", SMALL, most=4)
            canvas.y += 4

    @property
    def where(self) -> str:
        """Says on which kernel, under which setting, and how many trials count."""
        axis = setting(self.cell.judged.cell["axis"])
        trials = f"{self.row['valid']} of {self.row['trials']} trial{'s' * (self.row['trials'] != 1)}"
        return f"on Linux {self.row['kernel']}{f', {axis}' if axis else ''}; {trials}"

    @property
    def title(self) -> str:
        return f"{self.verdict.claim.id}: {self.row['verdict']} {self.where}"

    def sentence(self) -> str:
        """Says in words what the picture shows, for who cannot see it."""
        lines = [f"{SIGNS[self.row['verdict']]} {self.row['verdict']}: {self.verdict.claim.text}"]
        for expect, readings in self.readings:
            for one in self.shown(expect, readings):
                side = f", {CLAIMED[one.outcome][2:]}" if one.outcome and not one.must else ""
                lines.append(f"{one.label}: {over_trials(one.values, expect, self.page_size)}{side}")
        return tidy(". ".join(line.rstrip(".") for line in lines) + ".")


def value(canvas: Canvas, told: Told, shown: Shown) -> None:
    """Writes a line: what was read, at the right what follows from it, and below it both ranges, where it decides."""
    canvas.y += LINE
    left = mark(canvas, shown, canvas.y - 3)
    text = over_trials(shown.values, shown.expect, told.page_size)
    canvas.text(MARGIN, canvas.y - 3, cut(text, left - MARGIN - 8, SMALL), "ink", SMALL)
    if not shown.must and shown.limits:
        true, false = (bound(limits, shown.expect) for limits in shown.limits[0])
        canvas.y += LINE - 2
        canvas.text(MARGIN, canvas.y - 3, cut(f"true if {true}; false if {false}", ROOM, SMALL), "dim", SMALL)


def mark(canvas: Canvas, shown: Shown, y: float, x: float = WIDTH - MARGIN) -> float:
    """Writes at the right which range a value lies in: of a control whether it reads as it must. Gives its left edge."""
    if shown.must and all(one is None for one in shown.values):
        text, role = "? not read", "open"
    elif shown.must:
        text, role = ("✔ as it must", "dim") if shown.outcome == shown.must else ("✘ not as it must", "open")
    else:
        text, role = CLAIMED[shown.outcome], shown.outcome or "open"
    canvas.text(x, y, text, role, SMALL, not shown.must, ha="right")
    return x - breadth(text, SMALL, not shown.must)


def note(canvas: Canvas, text: str) -> None:
    """Writes a small line below the picture."""
    canvas.y += 2
    canvas.paragraph(text, "dim", SMALL, most=3)
