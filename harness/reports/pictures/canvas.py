"""A sheet to draw on, in points from its upper left corner: texts, boxes and lines in colours that follow the reader's theme.

Drawn by matplotlib without pyplot, which would look for a display and keep every figure. Text stays text, so that a picture is
small, can be searched and read aloud; the same evidence gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.printable import harmless
from harness.reports.pictures.palette import light, themed

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font
    from matplotlib.text import Text

WIDTH = 480.0  # points: on a telephone of 360 pixels a letter of 12 points is 9 pixels high
MARGIN = 10.0
SIZE, SMALL, LINE = 12.0, 10.5, 15.0
RC: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "folklab",
    "font.family": "DejaVu Sans",
    "text.parse_math": False,
    "path.simplify": False,
}
Box: TypeAlias = tuple[float, float, float, float]  # x, y, width, height
Point: TypeAlias = tuple[float, float]


@cache
def _font(bold: bool) -> FT2Font:
    import matplotlib
    from matplotlib.ft2font import FT2Font

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return FT2Font(str(fonts / f"DejaVuSans{'-Bold' if bold else ''}.ttf"))


@cache
def _advance(letter: str, bold: bool) -> float:
    """Gives a letter's width as a share of its size; one that the font does not have is taken as wide as it is high."""
    font = _font(bold)
    if not font.get_char_index(ord(letter)):
        return 1.0
    font.set_size(100, 72)
    return float(font.load_char(ord(letter)).linearHoriAdvance) / 65536 / 100


def breadth(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Gives a text's width in points."""
    return sum(_advance(letter, bold) for letter in text) * size


@cache
def _placed() -> type[Text]:
    """Gives the kind of text that is drawn where it stands. matplotlib's own measures every text first, half of a picture's time,
    for boxes and lines' ends that nothing here has."""
    from matplotlib.text import Text

    class Placed(Text):
        def draw(self, renderer: Any) -> None:
            x, y = self.get_transform().transform(self.get_position())
            high = renderer.get_canvas_width_height()[1]
            gc = renderer.new_gc()
            gc.set_foreground(self.get_color())
            renderer.open_group("text", self.get_gid())
            renderer.draw_text(gc, x, high - y, self.get_text(), self.get_fontproperties(), 0.0, ismath=False, mtext=self)
            renderer.close_group("text")
            gc.restore()
            self.stale = False

    return Placed


def tidy(text: object) -> str:
    """Gives a text in one line, without anything that acts on a reader's screen."""
    return harmless(" ".join(str(text).split()))


def cut(text: str, room: float, size: float = SIZE, bold: bool = False) -> str:
    """Gives as much of a text as there is room for."""
    if breadth(text, size, bold) <= room:
        return text
    while text and breadth(text + "…", size, bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(text: object, room: float, size: float = SIZE, bold: bool = False, most: int = 4) -> list[str]:
    """Splits a text into lines that fit, `most` at most; a word that is too long is broken too."""
    lines: list[str] = []
    line = ""
    for word in tidy(text)[:2000].split(" "):
        if line and breadth(f"{line} {word}", size, bold) <= room:
            line = f"{line} {word}"
            continue
        lines += [line] if line else []
        line = word
        while breadth(line, size, bold) > room:
            part = line
            while breadth(part, size, bold) > room:
                part = part[:-1]
            lines.append(part)
            line = line[len(part) :]
    lines += [line] if line else []
    if len(lines) > most:
        lines = [*lines[: most - 1], cut(f"{lines[most - 1]} {lines[most]}", room - size, size, bold).removesuffix("…") + "…"]
    return lines


class Canvas:
    """A sheet that grows downwards. y: where the next thing belongs."""

    def __init__(self) -> None:
        self.y = MARGIN
        self._boxes: list[tuple[str, str | None, float, list[Box]]] = []
        self._lines: list[tuple[str, float, list[list[Point]], float]] = []
        self._texts: list[tuple[float, float, str, dict[str, Any]]] = []

    def text(
        self, x: float, y: float, text: object, role: str = "ink", size: float = SIZE, bold: bool = False, ha: str = "left"
    ) -> None:
        """Writes one line; y is its baseline."""
        shown = tidy(text)
        if shown:
            style = {"color": light(role), "fontsize": size, "fontweight": "bold" if bold else "normal", "ha": ha}
            self._texts.append((x, y, shown, style))

    def paragraph(
        self,
        text: object,
        role: str = "ink",
        size: float = SIZE,
        bold: bool = False,
        x: float = MARGIN,
        room: float = WIDTH - 2 * MARGIN,
        most: int = 4,
    ) -> None:
        """Writes lines at `y`, which moves below them."""
        for line in wrap(text, room, size, bold, most):
            self.y += size * 1.25
            self.text(x, self.y - size * 0.25, line, role, size, bold)

    def boxes(self, boxes: Sequence[Box], role: str, edge: str | None = None, width: float = 0.6) -> None:
        """Fills boxes of one colour."""
        if boxes:
            self._boxes.append((role, edge, width, list(boxes)))

    def under(self, boxes: Sequence[Box], role: str) -> None:
        """Fills boxes that lie below whatever else is drawn."""
        if boxes:
            self._boxes.insert(0, (role, None, 0, list(boxes)))

    def lines(self, lines: Sequence[Sequence[Point]], role: str, width: float = 0.8, opacity: float = 1.0) -> None:
        """Draws lines of one colour."""
        if lines:
            self._lines.append((role, width, [list(line) for line in lines], opacity))

    def dots(self, points: Sequence[Point], role: str, radius: float = 4.5) -> None:
        """Draws dots: short lines with round ends, 0.01 points long."""
        self.lines([[(x, y), (x + 0.01, y)] for x, y in points], role, 2 * radius)

    def svg(self, title: str, description: str) -> str:
        """Gives the sheet as the text of an SVG file, as high as what was drawn."""
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Outline
        from matplotlib.transforms import Affine2D

        height = self.y + MARGIN
        upright = Affine2D().scale(1, -1).translate(0, height)
        with matplotlib.rc_context(RC):
            figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72, facecolor=light("paper"))
            for role, edge, width, boxes in self._boxes:
                corners = [
                    point
                    for x, y, wide, high in boxes
                    for point in ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high), (x, y))
                ]
                codes = [Outline.MOVETO, Outline.LINETO, Outline.LINETO, Outline.LINETO, Outline.CLOSEPOLY] * len(boxes)
                figure.add_artist(
                    PathPatch(
                        Outline(corners, codes),
                        facecolor=light(role),
                        edgecolor=light(edge) if edge else "none",
                        linewidth=width if edge else 0,
                        transform=upright,
                    )
                )
            for role, width, lines, opacity in self._lines:
                points = [point for line in lines for point in line]
                moves = [code for line in lines for code in [Outline.MOVETO, *[Outline.LINETO] * (len(line) - 1)]]
                figure.add_artist(
                    PathPatch(
                        Outline(points, moves),
                        facecolor="none",
                        edgecolor=light(role),
                        linewidth=width,
                        alpha=opacity if opacity < 1 else None,
                        capstyle="round",
                        joinstyle="round",
                        transform=upright,
                    )
                )
            for x, y, text, style in self._texts:
                figure.add_artist(_placed()(x, y, text, transform=upright, va="baseline", parse_math=False, **style))
            written = io.StringIO()
            undated = {"Date": None, "Creator": None, "Format": None, "Type": None}
            FigureCanvasSVG(figure).print_svg(written, metadata=undated)  # type: ignore[no-untyped-call]
        return themed(written.getvalue(), title, description)


def load() -> None:
    """Imports what draws, and draws a little, which finds the font and fills the caches: 0.4 s and more."""
    canvas = Canvas()
    canvas.paragraph("load")
    canvas.boxes([(0, 0, 1, 1)], "line")
    canvas.svg("load", "load")
