"""A matrix as one picture, claims × kernels: what changes with the kernel or a setting by name, all else as a tile a claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness import catalogue
from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Claim
from harness.evidence.schema import Row
from harness.linux import releases
from harness.reports.comparison import history
from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, WIDTH, Canvas, breadth, cut
from harness.reports.pictures.claim import Picture
from harness.reports.pictures.told import ROLES, SIGNS
from harness.reports.wording import counted, setting

NAME = "matrix.svg"
TILE, STEP = 11.0, 13.0
COLUMN = 46.0
FILLED = {CONFIRMED: "in true", REFUTED: "in false", UNDECIDED: "paper", SKIPPED: "absent"}
NAMED = 60  # claims that change, at most; the table has all


def draw(found: Sequence[Row], kernels: Sequence[str]) -> Picture:
    """Draws the rows of a matrix. kernels: releases, the oldest first."""
    canvas = Canvas()
    known = catalogue.claims()
    claims = {row["claim"]: known[row["claim"]][0] for row in found if row["claim"] in known}
    canvas.paragraph(f"{counted(len(claims), 'claim')} on {counted(len(kernels), 'kernel')}", size=13, bold=True)
    legend(canvas)
    with_run: list[Row] = [row if "run" in row else {**row, "run": ""} for row in found]
    changing: list[tuple[Claim, list[history.Line]]] = []
    same: list[tuple[Claim, list[history.Line]]] = []
    for claim in claims.values():
        lines = history.of_claim(claim.id, with_run)
        verdicts = {row["verdict"] for line in lines for row in line.rows} - {SKIPPED}
        (changing if len(verdicts) > 1 else same).append((claim, lines))
    named(canvas, changing, kernels)
    tiles(canvas, [(claim, next(iter(verdict_of(lines)), SKIPPED)) for claim, lines in same], bool(changing))
    numbers = {verdict: sum(row["verdict"] == verdict for row in found) for verdict in SIGNS}
    tally = ", ".join(f"{number} {verdict}" for verdict, number in numbers.items() if number)
    alt = f"{len(claims)} claims on {len(kernels)} kernels: {tally}; {len(changing)} change with the kernel or a setting."
    return Picture("", NAME, canvas.svg("Claims × kernels", alt), alt)


def verdict_of(lines: Iterable[history.Line]) -> list[str]:
    """Lists the verdicts of a claim, what was decided first."""
    found = {row["verdict"] for line in lines for row in line.rows}
    return [one for one in (CONFIRMED, REFUTED, UNDECIDED, SKIPPED) if one in found]


def tile(canvas: Canvas, x: float, y: float, verdict: str, size: float = TILE) -> None:
    canvas.boxes([(x, y, size, size)], FILLED[verdict], ROLES[verdict], 0.8)
    canvas.text(x + size / 2, y + size - 2.2, SIGNS[verdict], ROLES[verdict], size - 2.5, True, ha="center")


def legend(canvas: Canvas) -> None:
    canvas.y += LINE + 2
    x = MARGIN
    for verdict in SIGNS:
        tile(canvas, x, canvas.y - 10, verdict)
        canvas.text(x + TILE + 4, canvas.y - 1, verdict, "dim", SMALL)
        x += TILE + 4 + breadth(verdict, SMALL) + 14
    canvas.y += 6


def named(canvas: Canvas, changing: Sequence[tuple[Claim, list[history.Line]]], kernels: Sequence[str]) -> None:
    """Draws a row for each claim and setting whose verdict is not the same everywhere."""
    if not changing:
        return
    shown = list(kernels)[-5:]
    series = [releases.series(kernel) for kernel in shown]
    left = WIDTH - MARGIN - COLUMN * len(shown)
    canvas.y += LINE + 4
    canvas.text(
        MARGIN,
        canvas.y,
        cut(f"Changes with the kernel or a setting ({len(changing)})", left - MARGIN - 6, 11.5, True),
        size=11.5,
        bold=True,
    )
    for index, name in enumerate(series):
        canvas.text(left + (index + 0.5) * COLUMN, canvas.y, cut(name, COLUMN, SMALL), "dim", SMALL, ha="center")
    canvas.y += 4
    for claim, lines in changing[:NAMED]:
        folded: dict[tuple[str, ...], list[str]] = {}
        for line in lines:
            by_kernel = {row["kernel"]: row["verdict"] for row in line.rows}
            words = tuple(by_kernel.get(kernel, "") for kernel in shown)
            folded.setdefault(words, []).append(" ".join(value for _, value in line.axis) or setting(dict(line.axis)))
        for number, (words, settings) in enumerate(folded.items()):
            y = canvas.y
            text = ", ".join(filter(None, settings))
            name = claim.id if number == 0 else ""
            room = left - MARGIN - 8
            beside = breadth(text, 9) + 8 if text else 0
            canvas.text(MARGIN, y + 10, cut(name, room - beside, SMALL), "ink", SMALL)
            canvas.text(left - 8, y + 10, cut(text, room if not name else beside, 9), "dim", 9, ha="right")
            for index, verdict in enumerate(words):
                if verdict:
                    tile(canvas, left + (index + 0.5) * COLUMN - TILE / 2, y, verdict)
            canvas.y += STEP + 1
        canvas.lines([[(MARGIN, canvas.y), (WIDTH - MARGIN, canvas.y)]], "line", 0.4)
        canvas.y += 2
    if len(changing) > NAMED:
        canvas.paragraph(f"{len(changing) - NAMED} more are in the table.", "dim", SMALL)


def tiles(canvas: Canvas, same: Sequence[tuple[Claim, str]], others: bool) -> None:
    """Draws a tile for each claim whose verdict is the same everywhere, section by section."""
    canvas.y += LINE + 4
    text = f"The same on every kernel{' and setting' if others else ''} that decided it ({len(same)})"
    canvas.text(MARGIN, canvas.y, text, size=11.5, bold=True)
    canvas.y += 3
    sections: dict[str, list[str]] = {}
    for claim, verdict in same:
        sections.setdefault(claim.section, []).append(verdict)
    left = MARGIN + 196
    for section, verdicts in sections.items():
        order = sorted(verdicts, key=list(SIGNS).index)
        in_row = int((WIDTH - MARGIN - left) // STEP)
        canvas.text(MARGIN, canvas.y + 12, cut(section, left - MARGIN - 8, SMALL), "ink", SMALL)
        for number, verdict in enumerate(order):
            row, column = divmod(number, in_row)
            tile(canvas, left + column * STEP, canvas.y + 2 + row * STEP, verdict)
        canvas.y += max(1, -(-len(order) // in_row)) * STEP + 4
