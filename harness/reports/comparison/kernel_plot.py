"""A claim's numbers over the kernels as one small SVG: what decided, and the references that read true and false."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.evidence.recording import Number
from harness.evidence.schema import Row, decided
from harness.reports.comparison import rows
from harness.reports.comparison.history import Line
from harness.reports.plots import COLOURS, STYLE, UNDATED, tidy
from harness.reports.wording import setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# In points, 72 an inch.
WIDTH, LEFT, RIGHT, TITLE, PANEL, BOTTOM = 720, 70, 170, 26, 80, 24
REACH = 0.7  # of a kernel's column, that its settings share
MARKS: Mapping[str, Mapping[str, Any]] = {  # role → how it is drawn; a reference is hollow, and points to its side
    "value": {"marker": "o", "markersize": 4},
    "must read true": {"marker": "^", "markersize": 8, "fillstyle": "none"},
    "must read false": {"marker": "v", "markersize": 8, "fillstyle": "none"},
}


def draw(lines: Sequence[Line], names: Mapping[str, str]) -> str | None:
    """Draws the figure, as text, a panel for each quantity; None where no kernel read one. names: release → a short name."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    panels = quantities(lines)
    if not panels:
        return None
    kernels = rows.in_order(row["kernel"] for line in lines for row in line.rows)
    total = len(panels) * (TITLE + PANEL) + BOTTOM
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "folklab kernels"}):
        figure = Figure(figsize=(WIDTH / 72, total / 72), dpi=72, facecolor="white")
        for number, (name, unit) in enumerate(panels.items()):
            axes = draw_panel(figure, number, len(panels), total, lines, kernels, name)
            axes.set_title(f"{name}{f' ({unit})' if unit else ''}", loc="left", fontsize=STYLE["font.size"])
            axes.set_xticks(range(len(kernels)), [names[kernel] for kernel in kernels])
            axes.tick_params(labelbottom=number == len(panels) - 1)
        legend(figure, lines)
        text = io.StringIO()
        FigureCanvasSVG(figure).print_svg(text, metadata=UNDATED)  # type: ignore[no-untyped-call]
    return tidy(text.getvalue())


def quantities(lines: Sequence[Line]) -> dict[str, str]:
    """Gives name and unit of the quantities that some kernel has read."""
    return {
        name: entry["unit"]
        for line in lines
        for row in line.rows
        for name, entry in rows.quantities(row).items()
        if rows.values(entry)
    }


def draw_panel(
    figure: Figure, number: int, of: int, total: float, lines: Sequence[Line], kernels: Sequence[str], name: str
) -> Axes:
    bottom = total - (number + 1) * (TITLE + PANEL)
    axes = figure.add_axes(
        (LEFT / WIDTH, bottom / total, (WIDTH - LEFT - RIGHT) / WIDTH, PANEL / total), xlim=(-0.5, len(kernels) - 0.5)
    )
    for index, line in enumerate(lines):
        aside = ((index + 0.5) / len(lines) - 0.5) * REACH
        for row in line.rows:
            for role, found in read(row, name).items():
                # Each number once: trials that agree are one mark.
                for value in sorted(set(found)):
                    axes.plot(
                        [kernels.index(row["kernel"]) + aside],
                        [value],
                        color=COLOURS[index % len(COLOURS)],
                        linestyle="none",
                        **MARKS[role],
                    )
    axes.margins(y=0.2)
    axes.locator_params(axis="y", nbins=4)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}".replace("-", "−"))
    axes.grid(axis="y", linewidth=0.4, color="#dddddd")
    axes.set_axisbelow(True)
    return axes


def read(row: Row, name: str) -> dict[str, list[Number]]:
    """Gives what a quantity and its references read in the valid trials."""
    for quantity, true, false in decided(row):
        if quantity["name"] == name:
            return {
                "value": rows.values(quantity),
                "must read true": rows.values(true),
                "must read false": rows.values(false),
            }
    return {}


def legend(figure: Figure, lines: Sequence[Line]) -> None:
    """Draws what a mark is, and what a colour is where there are settings."""
    from matplotlib.lines import Line2D

    words = {"value": "value", "must read true": "reference, true", "must read false": "reference, false"}
    several = len(lines) > 1
    marks = [
        Line2D([], [], color="#555555" if several else COLOURS[0], linestyle="none", label=words[role], **mark)
        for role, mark in MARKS.items()
    ]
    if several:
        marks += [
            Line2D(
                [],
                [],
                color=COLOURS[index % len(COLOURS)],
                marker="s",
                linestyle="none",
                markersize=5,
                label=setting(dict(line.axis)),
            )
            for index, line in enumerate(lines)
        ]
    figure.legend(handles=marks, loc="upper right", frameon=False, bbox_to_anchor=(1, 1))
