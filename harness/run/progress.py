"""How far a matrix is: a live display on a terminal, a line for each cell elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from harness.printable import harmless
from harness.reports.wording import setting
from harness.run import order
from harness.run.cell import Cell
from harness.run.run import Watch
from harness.verdicts.classify import is_surprise
from harness.verdicts.judged import Judged, Outcome

BAR = 40  # characters
SHOWN = 4  # running cells that are named


def duration(seconds: float) -> str:
    """Says how long: "45 s", "12 min", "2 h 05 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def expected(cells: Sequence[Cell]) -> dict[str, float]:
    """Maps each cell's name to the seconds that it may take, by the published times; of what nobody has run yet, as many for
    each arm of a trial as the others take on average."""
    times = order.published()
    known = {cell.name: times.of(cell.experiment.name, cell.kernel.series) for cell in cells}
    arms = sum(len(cell.experiment.arms) for cell in cells if known[cell.name])
    usual = sum(found or 0.0 for found in known.values()) / arms if arms else 1.0
    return {cell.name: cell.trials * (known[cell.name] or usual * len(cell.experiment.arms)) for cell in cells}


class Progress(Watch):
    """Cells done, running, to come, time left: at the pace so far, by what the cells take (slow ones come first)."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stdout)
        self._lock = threading.Lock()
        self._live: Live | None = None
        self.total = self.over = 0
        self.takes: dict[str, float] = {}
        self.gone = 0.0  # of what all take, what those do that are over
        self.running: dict[str, Cell] = {}
        self.began_at = time.monotonic()

    def planned(self, run: Path, to_run: Sequence[Cell], kept: Sequence[Outcome]) -> None:
        self.total, self.takes = len(to_run), expected(to_run)
        said = f"{len(to_run)} cells to run" + (f", {len(kept)} have their verdict" if kept else "")
        self.console.print(harmless(f"{run}: {said}"), highlight=False, soft_wrap=True, markup=False)
        self.began_at = time.monotonic()
        if self.console.is_terminal and to_run:
            self._live = Live(get_renderable=self.view, console=self.console, refresh_per_second=2, transient=True)
            self._live.start()

    def began(self, cell: Cell) -> None:
        with self._lock:
            self.running[cell.name] = cell

    def done(self, judged: Judged) -> None:
        with self._lock:
            cell = self.running.pop(judged.directory.name)
            self.over += 1
            self.gone += self.takes[cell.name]
        line = harmless(f"{self.over:4}/{self.total} {self.line(judged)}")
        self.console.print(line, highlight=False, soft_wrap=True, markup=False)

    def ended(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @staticmethod
    def line(judged: Judged) -> str:
        """Gives the line of a cell: "tmpfs-swap [lru=mglru] on 6.12.117: tmpfs-swappable confirmed (4.1 s)"."""
        axis = f" [{setting(judged.cell['axis'])}]" if judged.cell["axis"] else ""
        said = [f"{row['claim']} {row['verdict']}" + (" SURPRISE" if is_surprise(row) else "") for row in judged.rows]
        said += [f"BROKEN {failure['what']}" for failure in judged.failures]
        return (
            f"{judged.experiment.name}{axis} on {judged.cell['kernel']}: "
            f"{', '.join(said) or 'no row: ' + judged.outcome.absent} ({judged.cell['seconds']} s)"
        )

    def left(self) -> str:
        if not self.gone:
            return "time left not known yet"
        pace = (time.monotonic() - self.began_at) / self.gone
        return f"about {duration(pace * max(0.0, sum(self.takes.values()) - self.gone))} left"

    def view(self) -> Group:
        with self._lock:
            running, over = list(self.running.values()), self.over
            filled = round(BAR * self.gone / (sum(self.takes.values()) or 1))
            head = (
                f"{'█' * filled}{'░' * (BAR - filled)} {over} done, {len(running)} running, "
                f"{self.total - over - len(running)} to come, {duration(time.monotonic() - self.began_at)} gone, "
                f"{self.left()}"
            )
        names = [f"  {cell.name}" for cell in running[:SHOWN]]
        more = [f"  and {len(running) - SHOWN} more"] if len(running) > SHOWN else []
        return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in [head, *names, *more]))
