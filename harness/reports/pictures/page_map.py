"""The page map: every page of a range as a cell, by what the page microscope says, at each moment that looked at it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from harness.claims import unread
from harness.claims.picture import PAGE_MAP
from harness.claims.quantities import Quantity
from harness.evidence.recording import Recording
from harness.linux import pages
from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, WIDTH, Canvas, breadth, wrap
from harness.reports.pictures.told import ROOM, Shown, Told, note, value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.uint64]

MOST = 8  # ranges of a picture
MOMENTS = 3  # strips side by side
HEIGHT, GAP = 30.0, 10.0  # of a strip; between two
CELL = 5.0  # points: the least that a cell is wide and high
LEAST = 0.25  # of a cell, for pages of a bucket that are otherwise than the rest: one of 100 is seen
# What a page is called, its colour; in the order in which they are told apart.
KINDS = {
    "not there": "absent",
    "in swap": "swapped",
    "page of zeros": "zero",
    "locked": "locked",
    "anonymous": "anonymous",
    "shmem": "shmem",
    "dirty file page": "dirty",
    "clean file page": "file",
}
CACHED = {"not in the cache": "absent", "in the cache": "file"}
# States that the kinds above tell; of any other a page is in it or not.
TOLD = frozenset({"resident", *pages.KINDS, "dirty", "mlocked", "unevictable"})


@dataclass(frozen=True)
class Strip:
    """A range at a moment. names: what its pages are told apart by, each with its colour; which: a number of these a page."""

    moment: str
    names: dict[str, str]
    which: Sequence[int]

    @property
    def counts(self) -> dict[str, int]:
        found = dict.fromkeys(self.names, 0)
        for number, same in groupby(sorted(self.which)):
            found[list(self.names)[number]] = len(list(same))
        return {name: count for name, count in found.items() if count}


def leaves(quantity: Quantity) -> list[Quantity]:
    """Lists the parts of a quantity that read pages."""
    return [leaf for leaf in unread.parts(quantity) if leaf.PICTURE == PAGE_MAP]


def strips(recording: Recording, parts: Sequence[Quantity], others: Collection[tuple[str, str]]) -> list[Strip]:
    """Gives the strips of the parts of a quantity that are of one range: as it was when it was looked at first, and then.

    others: labels and moments that other readings of the picture ask for, which have a place of their own."""
    first = parts[0]
    label = str(getattr(first, "label", "") or getattr(first, "first", ""))
    looked = [event["sample"] for event in recording.events if event["event"] == "pages" and event["label"] == label]
    asked = list(dict.fromkeys(str(getattr(part, "sample", "")) for part in parts))
    states = frozenset(str(getattr(part, "state", "resident")) for part in parts)
    other = str(getattr(first, "second", ""))
    if other:
        until = str(getattr(first, "until", "")) or asked[0]
        one, two = recording.page_data(asked[0], label), recording.page_data(until, other)
        if one is None or two is None or one[0] != "pagemap" or two[0] != "pagemap":
            return []
        return [Strip(until, *same_frames(one[1], two[1]))]
    before = [name for name in looked[:1] if name not in asked and (label, name) not in others]
    moments = [*before, *asked][-MOMENTS:]
    found = []
    for moment in moments:
        data = recording.page_data(moment, label)
        if data is not None:
            found.append(Strip(moment, *(cached(data[1]) if data[0] == "mincore" else kinds(data[1], states))))
    return found


def table(data: bytes) -> Numbers:
    """Gives the entries of a range as rows of three numbers: pagemap, flags, how often the frame is mapped."""
    import numpy as np

    return np.frombuffer(data, "<u8").reshape(-1, 3)


def cached(vector: bytes) -> tuple[dict[str, str], list[int]]:
    return CACHED, [byte & 1 for byte in vector]


def kinds(data: bytes, states: frozenset[str]) -> tuple[dict[str, str], list[int]]:
    """Tells pages apart by what they are, or, where another state was asked for, by whether they are in it."""
    import numpy as np

    entries = table(data)
    pagemap, flags = entries[:, 0], entries[:, 1]
    present = pagemap & np.uint64(pages.PRESENT) != 0
    swapped = pagemap & np.uint64(pages.SWAPPED) != 0

    def flag(bits: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = flags & np.uint64(bits) != 0
        return found

    if not states <= TOLD:
        inside = np.zeros(len(entries), np.bool_)
        for state in states:
            bits = pages.STATES[state]
            inside |= (pagemap & np.uint64(bits.pagemap_mask) == np.uint64(bits.pagemap_value)) & (
                flags & np.uint64(bits.flags_mask) == np.uint64(bits.flags_value)
            )
        name = " or ".join(sorted(states))
        which = np.where(inside, 2, np.where(present, 1, 0))
        return {"not there": "absent", f"not {name}": "other", name: "file"}, [int(one) for one in which]
    rules = [
        ~present & ~swapped,
        ~present & swapped,
        flag(pages.ZERO_PAGE),
        flag(pages.MLOCKED) | flag(pages.UNEVICTABLE),
        flag(pages.ANON),
        flag(pages.SWAPBACKED),
        flag(pages.DIRTY),
    ]
    return KINDS, [int(one) for one in np.select(rules, range(len(rules)), len(rules))]


def same_frames(one: bytes, other: bytes) -> tuple[dict[str, str], list[int]]:
    """Tells the pages of two ranges apart, one by one, by whether they are in the same frame."""
    import numpy as np

    first, second = table(one)[:, 0], table(other)[:, 0]
    size = min(len(first), len(second))
    first, second = first[:size], second[:size]
    present = (first & np.uint64(pages.PRESENT) != 0) & (second & np.uint64(pages.PRESENT) != 0)
    same = first & np.uint64(pages.FRAME) == second & np.uint64(pages.FRAME)
    which = np.where(present & same, 2, np.where(present, 1, 0))
    return {"not there": "absent", "in another frame": "other", "in the same frame": "file"}, [int(one) for one in which]


def draw(told: Told) -> Canvas | None:
    """Draws the ranges that decided and their controls; None where no range was looked at."""
    canvas = Canvas()
    told.heading(canvas)
    seen: set[tuple[Quantity, ...]] = set()
    names: dict[str, str] = {}
    rows = [(one, readings) for expect, readings in told.readings for one in told.shown(expect, readings)]
    rows.sort(key=lambda row: row[0].must)  # what decides first, then controls
    asked = {(getattr(part, "label", ""), getattr(part, "sample", "")) for row, _ in rows for part in leaves(row.quantity)}
    drawn = 0
    for shown, _ in rows:
        parts = leaves(shown.quantity)
        if tuple(parts) in seen and parts:
            continue
        seen.add(tuple(parts))
        if drawn == MOST:
            note(canvas, "More ranges were looked at: the report has them.")
            break
        by_range: dict[tuple[str, str, str], list[Quantity]] = {}
        for part in parts:
            key = (getattr(part, "arm", ""), getattr(part, "label", ""), getattr(part, "first", "") + getattr(part, "second", ""))
            by_range.setdefault(key, []).append(part)
        found = [
            strip
            for (arm, *_), of_range in by_range.items()
            if arm in told.trial.arms
            for strip in strips(told.trial.arms[arm], of_range, asked)
        ]
        label(canvas, told, shown)
        if found:
            place(canvas, found[-MOMENTS:])
            for strip in found[-MOMENTS:]:
                names |= {name: strip.names[name] for name in strip.counts}
            drawn += 1
        canvas.y += 8
    if not drawn:
        return None
    legend(canvas, names)
    return canvas


def label(canvas: Canvas, told: Told, shown: Shown) -> None:
    """Writes what was read, its number, and what follows from it."""
    lines = wrap(shown.label, ROOM, bold=not shown.must, most=3)
    for line in lines:
        canvas.y += LINE
        canvas.text(MARGIN, canvas.y - 3, line, "ink" if not shown.must else "dim", bold=not shown.must)
    value(canvas, told, shown)
    canvas.y += 2


def place(canvas: Canvas, found: Sequence[Strip]) -> None:
    """Draws strips side by side, the moment and the counts under each."""
    width = (ROOM - GAP * (len(found) - 1)) / len(found)
    below = canvas.y
    for index, strip in enumerate(found):
        x, y = MARGIN + index * (width + GAP), canvas.y
        cells(canvas, strip, x, y, width)
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(strip.counts.items(), key=lambda pair: -pair[1]))
        text = f"“{strip.moment}”: {counts}" if counts else f"“{strip.moment}”: no page"
        end = y + HEIGHT
        for line in wrap(text, width, SMALL, most=3):
            end += SMALL * 1.25
            canvas.text(x, end, line, "dim", SMALL)
        below = max(below, end)
    canvas.y = below + 3


def cells(canvas: Canvas, strip: Strip, x: float, y: float, width: float) -> None:
    """Draws a strip: a page a cell, or as many as it takes; pages of a cell that differ share it."""
    total = len(strip.which)
    columns, lines = int(width // CELL), int(HEIGHT // CELL)
    lines = min(lines, max(1, -(-total // columns)))
    columns = max(1, min(columns, -(-total // lines)))
    number = min(total, columns * lines)
    wide, high = width / columns, HEIGHT / lines
    roles = list(strip.names.values())
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    runs: list[tuple[int, int, int]] = []  # row, first column, state: cells of one state beside each other
    ends: list[int] = []
    for index in range(number):
        of_cell = strip.which[index * total // number : (index + 1) * total // number]
        row, column = divmod(index, columns)
        states = sorted(set(of_cell), key=lambda state: -sum(one == state for one in of_cell))
        if len(states) == 1:
            if runs and runs[-1][0] == row and ends[-1] == column and runs[-1][2] == states[0]:
                ends[-1] += 1
            else:
                runs.append((row, column, states[0]))
                ends.append(column + 1)
            continue
        left = 0.0
        shares = [max(LEAST, sum(one == state for one in of_cell) / len(of_cell)) for state in states]
        for state, share in zip(states, shares, strict=True):
            part = share / sum(shares) * wide
            found.setdefault(roles[state], []).append((x + column * wide + left, y + row * high, part, high))
            left += part
    for (row, first, state), end in zip(runs, ends, strict=True):
        found.setdefault(roles[state], []).append((x + first * wide, y + row * high, (end - first) * wide, high))
    for role, boxes in found.items():
        canvas.boxes(boxes, role)
    grid = [[(x + column * wide, y), (x + column * wide, y + HEIGHT)] for column in range(1, columns)]
    grid += [[(x, y + row * high), (x + width, y + row * high)] for row in range(1, lines)]
    canvas.lines(grid, "paper", 0.5)
    canvas.lines([[(x, y), (x + width, y), (x + width, y + HEIGHT), (x, y + HEIGHT), (x, y)]], "dim", 0.7)


def legend(canvas: Canvas, names: dict[str, str]) -> None:
    """Draws what a colour is."""
    x = MARGIN
    canvas.y += LINE
    for name, role in names.items():
        wide = 12 + 5 + breadth(name, SMALL) + 14
        if x + wide > WIDTH - MARGIN and x > MARGIN:
            x = MARGIN
            canvas.y += LINE
        canvas.boxes([(x, canvas.y - 9, 12, 9)], role, "dim")
        canvas.text(x + 17, canvas.y, name, "dim", SMALL)
        x += wide
    canvas.y += 4
