"""Who could be killed in an OOM: a bar of each one's score, what it is made of, and the one that was taken crossed out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from harness.claims import unread
from harness.claims.picture import CANDIDATES
from harness.linux import oom_report
from harness.linux.oom_score import Candidate, Ranking, rank, swap_known
from harness.reports.pictures.canvas import LINE, MARGIN, SMALL, WIDTH, Canvas, breadth, cut
from harness.reports.pictures.told import ROOM, Told, mark, note
from harness.reports.pictures.values import over_trials, size

MOST = 3  # OOMs of a picture
TASKS = 6  # candidates of each: who is far from being chosen says nothing
ALONE = 20  # of one that has a picture of its own
BAR, NAME, SAID = 15.0, 112.0, 112.0
# What a score is made of, its colour: three at most on an axis.
PARTS = {
    "held: resident, swapped, page tables": "anonymous",
    "added by oom_score_adj": "swapped",
    "taken off by oom_score_adj": "other",
}


def draw(told: Told) -> Canvas | None:
    """Draws the OOMs that decided, and those of the controls; None where a kernel's report has no table of tasks."""
    canvas = Canvas()
    told.heading(canvas)
    found: dict[str, Any] = {}
    said: dict[str, list[Any]] = {}
    for expect, readings in told.readings:
        for shown in told.shown(expect, readings):
            for leaf in unread.parts(shown.quantity):
                record = getattr(leaf, "record", "")
                arm = told.trial.arms.get(getattr(leaf, "arm", ""))
                value = arm.records.get(record) if arm and leaf.PICTURE == CANDIDATES else None
                if isinstance(value, dict) and "log" in value:
                    found.setdefault(record, value)
                    said.setdefault(record, []).append(shown)
    chosen = sorted(found, key=lambda record: all(shown.must for shown in said[record]))[:MOST]
    used: set[str] = set()
    for record in chosen:
        ranking = ranking_of(found[record])
        if ranking is None:
            continue
        names = short(found[record]["pids"])
        heading(canvas, told, record, said[record])
        outside = [name for pid, name in names.items() if pid not in {one.pid for one in ranking.candidates}]
        used |= bars(canvas, ranking, names, TASKS)
        if outside:
            note(canvas, f"Not in the kernel's list, so no candidate: {', '.join(outside)}.")
        canvas.y += 6
    if not used:
        return None
    legend(canvas, used)
    return canvas


def short(pids: Mapping[str, int]) -> dict[int, str]:
    """Names the processes of a record, without the case that names begin with: "small", not "oom_adj: small"; as they are where
    two would be called alike."""
    found = {pid: name.rpartition(": ")[2] for name, pid in pids.items()}
    return found if len(set(found.values())) == len(found) else {pid: name for name, pid in pids.items()}


def ranking_of(record: Mapping[str, Any]) -> Ranking | None:
    """Ranks the tasks of a recorded OOM: of the last report with a table that is about the record's processes."""
    reports = oom_report.reports(record["log"])
    pids = set(record["pids"].values())
    own = [one for one in reports if any(victim.pid in pids for victim in one.victims)] or reports
    return next((ranking for one in own if (ranking := rank(one, swap_known(reports))) is not None), None)


def heading(canvas: Canvas, told: Told, record: str, said: Sequence[Any]) -> None:
    """Writes which OOM it is, and what was read of it."""
    canvas.y += LINE + 2
    canvas.text(MARGIN, canvas.y - 2, cut(f"OOM “{record}”", ROOM, bold=True), bold=True)
    for shown in said[:2]:
        canvas.y += LINE
        left = mark(canvas, shown, canvas.y - 2)
        value = over_trials(shown.values, shown.expect)
        canvas.text(MARGIN, canvas.y - 2, cut(f"{shown.label}: {value}", left - MARGIN - 8, SMALL), "dim", SMALL)
    canvas.y += 4


def bars(canvas: Canvas, ranking: Ranking, names: Mapping[int, str], most: int) -> set[str]:
    """Draws a bar for each candidate, the highest score on top; who was taken is always among them. Gives the colours used."""
    used = {"anonymous"}
    shown = [one for place, one in enumerate(ranking.candidates) if place < most or one.taken or one.pid in names]
    page = ranking.page
    reach = max([one.score or one.used for one in shown] + [one.used for one in shown] + [1])
    width = ROOM - NAME - SAID
    x = MARGIN + NAME
    for one in shown:
        y = canvas.y + 2
        held, score = one.used / reach * width, (one.score if one.score is not None else one.used) / reach * width
        canvas.boxes([(x, y, max(held, 1), BAR)], "anonymous")
        if one.score is not None and one.weight > 0:
            canvas.boxes([(x + held, y, max(score - held, 1), BAR)], "swapped")
            used.add("swapped")
        elif one.score is not None and one.weight < 0:
            canvas.boxes([(x + max(score, 0), y, max(held - max(score, 0), 1), BAR)], "other")
            used.add("other")
        name = cut(names.get(one.pid, one.name) or one.name, NAME - 22, 11.5, one.taken)
        canvas.text(MARGIN + 16, y + BAR - 4, name, "ink", 11.5, one.taken)
        text, role = _said(one, page)
        canvas.text(WIDTH - MARGIN, y + BAR - 4, text, role, SMALL, one.taken, ha="right")
        if one.taken:
            canvas.text(MARGIN, y + BAR - 3, "✘", "false", 14, True)
            end = x + max(held, score, 4)
            slashes = [
                [(x + at, y + BAR), (min(x + at + BAR, end), y + BAR - min(BAR, end - x - at))]
                for at in range(0, int(end - x), 9)
            ]
            canvas.lines(slashes, "paper", 1.2)
            canvas.lines([[(x, y), (end, y), (end, y + BAR), (x, y + BAR), (x, y)]], "false", 1.8)
            canvas.lines([[(MARGIN + 16, y + BAR / 2), (MARGIN + 16 + breadth(name, 11.5, True), y + BAR / 2)]], "false", 1.4)
        canvas.y = y + BAR + 3
    hidden = len(ranking.candidates) - len(shown)
    if hidden > 0:
        note(canvas, f"and {hidden} with less")
    return used


def _said(one: Candidate, page: int) -> tuple[str, str]:
    if one.taken:
        return f"killed, {size((one.score or 0) * page)}", "false"
    if one.score is None:
        return "never taken" if one.adj == -1000 else "not ranked", "dim"
    return f"score {size(one.score * page)}", "dim"


def legend(canvas: Canvas, used: Collection[str]) -> None:
    """Draws what the colours are that were used."""
    x = MARGIN
    canvas.y += LINE + 2
    for name, role in ((name, role) for name, role in PARTS.items() if role in used):
        wide = 17 + breadth(name, SMALL) + 12
        if x + wide > WIDTH - MARGIN and x > MARGIN:
            x = MARGIN
            canvas.y += LINE
        canvas.boxes([(x, canvas.y - 9, 12, 9)], role)
        canvas.text(x + 17, canvas.y, name, "dim", SMALL)
        x += wide
    canvas.y += 4


def of_log(ranking: Ranking, name: str) -> str:
    """Draws the candidates of one OOM of a log, as the text of an SVG file."""
    canvas = Canvas()
    canvas.paragraph(name, bold=True, most=4)
    canvas.y += 4
    names = {one.pid: f"{one.name} {one.pid}" for one in ranking.candidates[:ALONE]}
    legend(canvas, bars(canvas, ranking, names, ALONE))
    taken = ranking.first
    alt = f"{len(ranking.candidates)} candidates; {f'{taken.name} {taken.pid} was killed' if taken else 'none was killed'}."
    return canvas.svg(name, alt)
