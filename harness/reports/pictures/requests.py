"""How much memory was asked for, against what there is and what may be committed, and what the kernel answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.claims import unread
from harness.claims.quantities import Quantity, Recorded
from harness.evidence.recording import Event, Recording
from harness.linux import counters
from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, WIDTH, Canvas, breadth, wrap
from harness.reports.pictures.told import ROOM, Shown, Told, note
from harness.reports.pictures.values import over_trials, size
from harness.reports.wording import counted

MOST = 7  # requests of a picture
BAR = 15.0
BEYOND = 1.6  # of the largest mark: what is longer is cut off, with an arrow
SETTING = "/proc/sys/vm/overcommit_memory\0"


@dataclass(frozen=True)
class Request:
    """A request for memory. asked: bytes. marks: name → bytes: what there is, or what may still be committed."""

    shown: Shown
    asked: int
    marks: dict[str, int]


def draw(told: Told) -> Canvas | None:
    """Draws each request as a bar; None where the evidence does not tell how much was asked for."""
    found: dict[str, Request] = {}
    for expect, readings in told.readings:
        for shown in told.shown(expect, readings):
            request = request_of(told, shown)
            if request is None:
                return None
            name = shown.quantity.name
            if name not in found or not shown.must:
                found[name] = request
    shown_ones = sorted(found.values(), key=lambda one: (bool(one.shown.must), sorted(one.marks.items()), one.asked))[:MOST]
    canvas = Canvas()
    told.heading(canvas)
    scale = max((mark for one in shown_ones for mark in one.marks.values()), default=0) * BEYOND or max(
        one.asked for one in shown_ones
    )
    room = ROOM - 104
    for marks, of_marks in groupby(shown_ones, key=lambda one: one.marks):
        top = canvas.y
        for name, at in marks.items():
            canvas.y += LINE
            x = MARGIN + at / scale * room
            text = f"{name}: {size(at)} ┃"
            canvas.text(max(x + 3, MARGIN + breadth(text, SMALL)), canvas.y, text, "ink", SMALL, ha="right")
        edges = [bar(canvas, one, scale, room) for one in of_marks]
        for number, at in enumerate(marks.values(), 1):
            x = MARGIN + at / scale * room
            canvas.lines([[(x, top + number * LINE + 2), (x, edges[0][0])]], "line", 0.8)
            canvas.lines([[(x, upper - 3), (x, lower + 3)] for upper, lower in edges], "ink", 2.2)
        canvas.y += 4
    note(canvas, "A bar is what was asked for in one request: filled where it was granted, hatched where it was refused.")
    if len(found) > MOST:
        note(canvas, f"{counted(len(found) - MOST, 'more request')}: the report has them.")
    return canvas


def request_of(told: Told, shown: Shown) -> Request | None:
    """Finds the call whose errno was recorded, in the shown trial: the last one before the record."""
    leaf: Quantity = next(iter(unread.parts(shown.quantity)))
    if not isinstance(leaf, Recorded) or leaf.arm not in told.trial.arms:
        return None
    recording = told.trial.arms[leaf.arm]
    before: list[Event] = []
    for event in recording.events:
        if event["event"] == "record" and event["name"] == leaf.record:
            break
        before.append(event)
    else:
        return None
    call = next((one for one in reversed(before) if one["event"] == "operation" and one.get("operation") != "munmap"), None)
    if call is None or call.get("operation") != "mmap" or len(call.get("arguments") or ()) < 2:
        return None
    if call["error"] != leaf.of(recording):
        return None
    return Request(shown, int(call["arguments"][1]), marks_of(recording, before))


def marks_of(recording: Recording, before: Sequence[Event]) -> dict[str, int]:
    """Gives what a request is held against: in mode 2 what may still be committed, else what there is."""
    mode = str(recording.start.get("settings", {}).get("overcommit", "0"))
    text = None
    for event in before:
        if event["event"] == "sample":
            text = event["files"].get("meminfo") or text
        elif event["event"] == "operation" and event.get("operation") == "put" and event["text"].startswith(SETTING):
            mode = event["text"].removeprefix(SETTING).strip()
    if text is None:
        return {}
    memory = {name: value * 1024 for name, value in counters.parse("meminfo", text).items()}
    if mode == "2":
        return {"CommitLimit less Committed_AS": memory["CommitLimit"] - memory["Committed_AS"]}
    both = memory["MemTotal"] + memory["SwapTotal"]
    return {"RAM": memory["MemTotal"], **({"RAM and swap together": both} if both != memory["MemTotal"] else {})}


def bar(canvas: Canvas, one: Request, scale: float, room: float) -> tuple[float, float]:
    """Draws one request: a filled bar where it was granted, a hatched one where it was refused. Gives the bar's upper and lower
    edge."""
    shown = one.shown
    answer = over_trials(shown.values, shown.expect)
    granted = answer == "succeeded"
    name = shown.quantity.name.removeprefix("errno of ")
    font = SMALL if shown.must else 11.5
    for line in wrap(f"control: {name}" if shown.must else name, ROOM, font, not shown.must, most=3):
        canvas.y += LINE
        canvas.text(MARGIN, canvas.y - 2, line, "dim" if shown.must else "ink", font, not shown.must)
    role = "file" if granted else "dirty"
    length = max(min(one.asked / scale, 1.0) * room, 1.5)
    y = canvas.y + 4
    canvas.boxes([(MARGIN, y, length, BAR)], role if granted else "paper", role, 1.4)
    if not granted:
        steps = range(0, int(length), 8)
        canvas.lines(
            [[(MARGIN + at, y + BAR), (MARGIN + min(at + BAR, length), y + BAR - min(BAR, length - at))] for at in steps],
            role,
            0.7,
        )
    if one.asked > scale:
        canvas.boxes([(MARGIN + room * 0.85, y - 2, 5, BAR + 4)], "paper")
        canvas.text(MARGIN + room + 1, y + BAR - 4, "▶", role, 9)
    canvas.text(WIDTH - MARGIN, y + 6, "✔ granted" if granted else f"✘ {answer}", "ink", 11.5, True, ha="right")
    canvas.text(WIDTH - MARGIN, y + BAR + 3, asked(one), "dim", 9.5, ha="right")
    canvas.y = y + BAR + 6
    return y, y + BAR


def asked(one: Request) -> str:
    """Says how much was asked for; of what is close to a mark, how far it is from it."""
    for at in one.marks.values():
        apart = one.asked - at
        if apart and abs(apart) * 50 < at:
            return f"{size(abs(apart))} {'more' if apart > 0 else 'less'} than ┃"
    return size(one.asked)
