"""The candidates of an OOM as one small SVG: what made each score, the victim marked."""

from __future__ import annotations

import io

from harness.linux.oom_score import Candidate, Ranking
from harness.reports.plots import COLOURS, STYLE, UNDATED, tidy

MOST = 20  # tasks: bars below are too small to see
# In points, 72 an inch.
WIDTH, LEFT, RIGHT, TOP, BAR, BOTTOM = 720, 170, 90, 40, 16, 46
PARTS = ("resident", "swapped", "page tables", "oom_score_adj")


def draw(ranking: Ranking, name: str) -> str:
    """Gives the figure as text: bars in MiB, the highest score on top; a negative oom_score_adj is drawn to the left of zero,
    and a diamond stands at the score."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    shown = [one for place, one in enumerate(ranking.candidates) if place < MOST or one.taken]
    mib, height = ranking.page / (1 << 20), TOP + len(shown) * BAR + BOTTOM
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "folklab oom"}):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72, facecolor="white")
        area = (LEFT / WIDTH, BOTTOM / height, (WIDTH - LEFT - RIGHT) / WIDTH, len(shown) * BAR / height)
        axes = figure.add_axes(area, ylim=(len(shown) - 0.4, -0.6), xlabel="MiB that count in the choice")
        for index, part in enumerate(PARTS):
            starts, widths = zip(*(_bar(one, index, mib) for one in shown), strict=True)
            axes.barh(range(len(shown)), widths, left=starts, height=0.7, color=COLOURS[index], label=part)
        for place, one in enumerate(shown):
            if one.score is not None:
                axes.plot([one.score * mib], [place], marker="D", markersize=3.5, color="#333333", linestyle="none")
        axes.set_yticks(range(len(shown)), [_label(one) for one in shown])
        for label, one in zip(axes.get_yticklabels(), shown, strict=True):
            label.set_fontweight("bold" if one.taken else "normal")
        axes.axvline(0, color="#555555", linewidth=0.7)
        axes.grid(axis="x", linewidth=0.4, color="#dddddd")
        axes.set_axisbelow(True)
        figure.text(4 / WIDTH, 1 - 4 / height, name, va="top", color="#333333")
        figure.legend(loc="upper right", ncols=4, frameon=False, bbox_to_anchor=(1, 1 - 14 / height), borderaxespad=0)
        text = io.StringIO()
        FigureCanvasSVG(figure).print_svg(text, metadata=UNDATED)  # type: ignore[no-untyped-call]
    return tidy(text.getvalue())


def _bar(one: Candidate, index: int, mib: float) -> tuple[float, float]:
    """Gives where a part of a score begins, and how long it is."""
    sizes = (one.rss, one.swap, one.tables)
    if index < len(sizes):
        return sum(sizes[:index]) * mib, sizes[index] * mib
    weight = one.weight if one.score is not None else 0
    return (one.used * mib if weight > 0 else 0), weight * mib


def _label(one: Candidate) -> str:
    mark = " (killed)" if one.taken else " (never)" if one.score is None and one.adj == -1000 else ""
    return f"{one.name} {one.pid}{mark}"
