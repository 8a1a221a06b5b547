"""Plots: one SVG for a cell, its time series with the named moments marked.

Drawn without pyplot, which would look for a display and keep every figure. The text stays text, so that a plot is
small and can be searched; the same evidence gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from harness.printable import harmless
from harness.reports import plot_labels, readings
from harness.reports.columns import file_and_key
from harness.reports.plot_labels import FONT, Label
from harness.reports.readings import Cell
from harness.reports.samples_table import Part, Track
from harness.reports.wording import setting
from harness.verdicts.judged import Judged

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

MIB = 1 << 20
# Okabe and Ito, Color Universal Design (2008): told apart with every kind of colour vision; dashes help in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES: tuple[Any, ...] = ("-", (0, (6, 1.5)), (0, (2, 1)), (0, (6, 1.5, 1.5, 1.5)), (0, (1, 1)), (0, (9, 2)))
AMOUNTS, COUNTS = 5, 3  # lines of a panel: more can't be told apart
STRONG, FAINT = 150, 60  # slices of time of a line: three points wide, eight for the pale ones
LEAST = MIB  # bytes by which a counter that no judge reads must move to be drawn

# In points, 72 an inch.
WIDTH, LEFT, RIGHT, BOTTOM = 720, 58, 190, 40
PANEL, COUNTED, GAP, LINE = 190, 70, 16, 12
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "folklab",
    "font.family": "DejaVu Sans",
    "font.size": FONT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.edgecolor": "#555555",
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "path.simplify": True,
    "path.simplify_threshold": 0.25,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "text.parse_math": False,
}
UNDATED = {"Date": None, "Creator": None, "Format": None, "Type": None}


@dataclass(frozen=True)
class Panel:
    """The lines of one arm. amounts, counts: names of counters; page_size: bytes."""

    arm: str
    tracks: tuple[Track, ...]  # trial by trial, the strong one first
    amounts: tuple[str, ...]
    counts: tuple[str, ...]
    page_size: int


def panels(cell: Cell, tracks: Sequence[Track]) -> list[Panel]:
    """Gives what is worth drawing of a cell: none if no trial ended well, or nothing that was sampled moved."""
    trial = cell.shown
    if trial is None:
        return []
    found = []
    for arm in cell.judged.experiment.arms:
        own = sorted(
            (one for one in tracks if one.arm == arm and len(one) > 1), key=lambda one: (one.trial != trial.number, one.trial)
        )
        if own and own[0].trial == trial.number:
            page_size = trial.arms[arm].page_size
            amounts, counts = lines(own[0], cell.asked[arm].counters, page_size)
            if amounts or counts:
                found.append(Panel(arm, tuple(own), amounts, counts, page_size))
    return found


def lines(track: Track, read: Sequence[str], page_size: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Chooses the counters to draw: amounts of memory (those read, then those that moved most), and counts that are read."""
    import numpy as np

    named = len(moments(track))
    series = [name for name, count in track.counts().items() if count > named]
    moving = [name for name in read if name in series and differ(track.curve(name)[1])]
    amounts = [name for name in moving if readings.is_amount(name)][:AMOUNTS]
    others = [name for name in readings.candidates(series) if name not in amounts and telling(name)]
    ways: dict[str, tuple[Real, Real]] = {
        name: (seconds, values.astype(np.float64) * float(readings.scale(name, page_size) or 0))
        for name in [*amounts, *others]
        for seconds, values in [track.curve(name)]
    }
    return (
        (*amounts, *islice(movers(ways, amounts), AMOUNTS - len(amounts))),
        tuple([name for name in moving if not readings.is_amount(name)][:COUNTS]),
    )


def telling(name: str) -> bool:
    """Says whether an amount says what memory is used for, by a counter that no judge reads.

    MemAvailable is an estimate, Committed_AS and a process's size and data are promises, the LRU lists say what may
    become of memory. vmstat repeats meminfo in pages, or only ever grows.
    """
    file, key = file_and_key(name)
    promised = file == "statm" and key not in {"resident", "shared"}
    return (
        readings.is_amount(name)
        and file != "vmstat"
        and key not in {"MemAvailable", "Committed_AS"}
        and not promised
        and not key.lower().startswith(("active", "inactive"))
    )


def differ(values: NDArray[np.int64]) -> bool:
    return bool(values.min() != values.max())


def movers(ways: Mapping[str, tuple[Real, Real]], taken: Sequence[str]) -> Iterator[str]:
    """Gives the amounts (seconds, bytes) that moved by LEAST or more, the farthest first, but those `taken`.

    A process's come last: what it has is in the machine's too. One that runs along another before it, on average
    within a thirtieth of how far it moved, is left out.
    """
    import numpy as np

    far = {name: float(np.ptp(values)) for name, (_, values) in ways.items()}
    drawn = [ways[name] for name in taken]
    others = [name for name in ways if name not in taken and far[name] >= LEAST]
    for name in sorted(others, key=lambda name: (file_and_key(name)[0] == "statm", -far[name], name)):
        seconds, values = ways[name]
        apart = [np.interp(seconds, *one) - values for one in drawn]
        if all(np.abs(distance - np.median(distance)).mean() > far[name] / 30 for distance in apart):
            drawn.append(ways[name])
            yield name


def moments(track: Track) -> list[tuple[float, str]]:
    return [(float(second), name) for second, name in zip(track.seconds, track.names, strict=True) if name]


def draw(cell: Cell, tracks: Sequence[Track]) -> str | None:
    """Draws a cell's plot as the text of an SVG file; None if there is nothing to draw. tracks: of frames, for the cell."""
    found = panels(cell, tracks)
    return svg(found, title(cell.judged, found)) if found else None


def title(judged: Judged, found: Sequence[Panel]) -> str:
    """Gives the figure's title: "tmpfs-dropped lru=mglru on Linux 6.12.117: trial 1 strong, trials 2 and 3 faint"."""
    numbers = sorted({track.trial for panel in found for track in panel.tracks[1:]})
    faint = f", trial{'s' * (len(numbers) > 1)} {' and '.join(map(str, numbers))} faint" if numbers else ""
    name = f"{judged.experiment.name} {setting(judged.cell['axis'])}".strip()
    return f"{name} on Linux {judged.cell['kernel']}: trial {found[0].tracks[0].trial} strong{faint}"


def load() -> None:
    """Imports what draws, and draws a little, which finds the font and fills the caches: 0.4 s and more."""
    import numpy as np

    zero, one = np.array([0.0, 1.0]), np.array([0, 1 << 20], np.int64)
    part = Part(("memory.current",), np.array([0, 1]), one.reshape(2, 1))
    svg([Panel("", (Track(1, "", ("", "load"), zero, (part,), 4096),), ("memory.current",), (), 4096)], "load")


def svg(found: Sequence[Panel], name: str) -> str:
    """Draws the whole figure, as text."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    right = WIDTH - LEFT - RIGHT
    ends = [max(float(track.seconds[-1]) for track in panel.tracks) * 1.02 or 1.0 for panel in found]
    placed = [
        plot_labels.place([(second / end * right, text) for second, text in moments(panel.tracks[0])], LEFT)
        for panel, end in zip(found, ends, strict=True)
    ]
    heights = [
        plot_labels.rows(of_panel) * LINE + 6 + (LINE if panel.arm else 0) for panel, of_panel in zip(found, placed, strict=True)
    ]
    total = sum(heights) + sum(body(panel) for panel in found) + len(found) * BOTTOM + LINE + 4
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 72, total / 72), dpi=72, facecolor="white")
        figure.text(4 / WIDTH, 1 - 4 / total, name, va="top", color="#333333")
        top = total - LINE - 4.0
        for panel, of_panel, end, height in zip(found, placed, ends, heights, strict=True):
            top -= height
            draw_panel(figure, panel, of_panel, end, top, total)
            top -= body(panel) + BOTTOM
        text = io.StringIO()
        FigureCanvasSVG(figure).print_svg(text, metadata=UNDATED)  # type: ignore[no-untyped-call]
    return tidy(text.getvalue())


def body(panel: Panel) -> int:
    """Gives the height of a panel's axes, in points."""
    return (PANEL if panel.amounts else 0) + (COUNTED if panel.counts else 0) + (GAP if panel.amounts and panel.counts else 0)


def draw_panel(figure: Figure, panel: Panel, placed: Sequence[Label], end: float, top: float, total: float) -> None:
    """Draws one arm: its amounts of memory, below them its counts; the labels of its moments above. end: seconds."""
    axes: list[Axes] = []
    bottom = top
    for names, height, what in (
        (panel.amounts, PANEL, "change since the first sample (MiB)"),
        (panel.counts, COUNTED, "change (count)"),
    ):
        if names:
            bottom -= height + (GAP if axes else 0)
            area = (LEFT / WIDTH, bottom / total, (WIDTH - LEFT - RIGHT) / WIDTH, height / total)
            axes.append(figure.add_axes(area, xlim=(0, end), ylabel=what))
            draw_lines(axes[-1], panel, names)
            draw_grid(axes[-1], height)
    for one in axes[:-1]:
        one.tick_params(labelbottom=False)
    axes[-1].set_xlabel("seconds since the first sample")
    draw_marks(figure, axes, placed, end, top, total)
    if panel.arm:
        above = top + plot_labels.rows(placed) * LINE + 6
        figure.text(LEFT / WIDTH, above / total, f"arm “{panel.arm}”", weight="bold")


def draw_grid(axes: Axes, height: int) -> None:
    axes.margins(y=0.06)
    axes.locator_params(axis="x", nbins=7)
    axes.locator_params(axis="y", nbins=height // 30, integer=height == COUNTED)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}".replace("-", "−"))
    axes.grid(axis="y", linewidth=0.4, color="#dddddd")
    axes.set_axisbelow(True)


def draw_marks(figure: Figure, axes: Sequence[Axes], placed: Sequence[Label], end: float, top: float, total: float) -> None:
    """Draws a line through all axes for each moment, up to its label."""
    for label in placed:
        second = label.x / (WIDTH - LEFT - RIGHT) * end
        for one in axes:
            box = one.get_position()
            reach = (top + (label.level + 0.8) * LINE) / total if one is axes[0] else box.y1
            one.plot(
                [second, second],
                [0, (reach - box.y0) / box.height],
                transform=one.get_xaxis_transform(),
                clip_on=False,
                color="#555555",
                linewidth=0.7,
                zorder=1,
            )
        before = label.start < label.x
        figure.text(
            (LEFT + label.x + (-3 if before else 3)) / WIDTH,
            (top + label.level * LINE + 3) / total,
            label.text,
            ha="right" if before else "left",
        )


def draw_lines(axes: Axes, panel: Panel, names: Sequence[str]) -> None:
    """Draws each counter in a colour of its own counter, the shown trial last and strong, the others thin and pale under it."""
    for index, name in enumerate(names):
        size = (readings.scale(name, panel.page_size) or MIB) / MIB
        for number, track in enumerate(panel.tracks):
            when, raw = track.curve(name)
            if not len(raw):
                continue
            seconds, values = thin(when, (raw - raw[0]) * size, STRONG if number == 0 else FAINT)
            style: dict[str, Any] = {
                "linewidth": 1.5,
                "linestyle": DASHES[index],
                "zorder": 3,
                "label": described(name, float(raw[0]) * size),
            }
            axes.plot(
                seconds,
                values,
                color=COLOURS[index],
                **(style if number == 0 else {"linewidth": 0.7, "alpha": 0.35, "zorder": 2}),
            )
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, handlelength=2.4, borderaxespad=0, labelspacing=0.6)


def described(name: str, start: float) -> str:
    """Names a counter in the legend, with the value that its line starts from."""
    short = name if plot_labels.breadth(name) < RIGHT - 40 else name.replace(":", ":\n", 1)
    return f"{short}\nfrom {start:,.1f} MiB" if readings.is_amount(name) else f"{short}\nfrom {start:,.0f}"


def thin(seconds: Real, values: Real, slices: int) -> tuple[Real, Real]:
    """Thins points out: without the middles of level stretches; of too many points the least and the most in each slice of time.

    So a long series makes no larger file, and no peak is lost.
    """
    import numpy as np

    kept = np.ones(len(values), bool)
    kept[1:-1] = (values[1:-1] != values[:-2]) | (values[1:-1] != values[2:])
    seconds, values = seconds[kept], values[kept]
    if len(values) <= 2 * slices:
        return seconds, values
    of_slice = (seconds / max(seconds[-1], 1e-9) * slices).astype(np.int64)
    order = np.lexsort((values, of_slice))
    first = np.flatnonzero(np.diff(of_slice[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    chosen = np.unique(np.concatenate([order[first], order[last], [0, len(values) - 1]]))
    return seconds[chosen], values[chosen]


def tidy(text: str) -> str:
    """Rounds coordinates to a tenth of a point, which no eye resolves, and a font that every reader has after ours.

    Only coordinates: a text may have a number in it, such as that of a kernel.
    """

    def rounded(attribute: re.Match[str]) -> str:
        return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), attribute[0])

    text = re.sub(r' (?:d|x|y|transform)="[^"]*"', rounded, harmless(text, keep="\n"))
    return text.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
