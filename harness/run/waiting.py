"""The line between Enter and the answer: what is being done, how far it is, for how long. On a terminal it is erased once there
is something to say; a CI's log gets a line for each thing that begins; elsewhere nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from harness.printable import harmless
from harness.reports.wording import counted
from harness.run.cell import Cell
from harness.run.progress import duration
from harness.run.run import Watch
from harness.verdicts.judged import Judged, Outcome

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
A_SECOND = 8  # frames


class Waiting(Watch):
    """Watches a run that prints its answers elsewhere. still: the line changes only when something happens, on a host whose
    counters are read: it costs memory too. console: where errors go, by default."""

    def __init__(self, still: bool = False, console: Console | None = None) -> None:
        self.still = still
        self.console = console or Console(stderr=True)
        self.plain = not self.console.is_terminal and bool(os.environ.get("CI"))
        self._lock = threading.Lock()
        self._live: Live | None = None
        self.began_at = time.monotonic()
        self.doing = "finding and checking the kernel"
        self.running: dict[str, Cell] = {}
        self.cells = self.cells_over = self.trials = self.trials_over = 0

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Shows the line while its block runs, and erases it however that ends."""
        self._start()
        try:
            yield
        finally:
            self._stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Takes the line away while something else is printed."""
        was = self._live is not None
        self._stop()
        try:
            yield
        finally:
            if was:
                self._start()

    def _start(self) -> None:
        if self.console.is_terminal and self._live is None:
            self._live = Live(
                get_renderable=self.view,
                console=self.console,
                refresh_per_second=A_SECOND,
                auto_refresh=not self.still,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def planned(self, run: Path, to_run: Sequence[Cell], kept: Sequence[Outcome]) -> None:
        with self._lock:
            self.cells, self.trials = len(to_run), sum(cell.trials for cell in to_run)
            self.doing = "starting a machine"

    def began(self, cell: Cell) -> None:
        with self._lock:
            self.running[cell.name] = cell
        if self.plain:
            said = f"{cell.name}: {counted(cell.trials, 'trial')} begin"
            self.console.print(harmless(said), highlight=False, soft_wrap=True, markup=False)

    def trial_over(self, cell: Cell) -> None:
        with self._lock:
            self.trials_over += 1

    def done(self, judged: Judged) -> None:
        with self._lock:
            self.running.pop(judged.directory.name, None)
            self.cells_over += 1
            self.doing = "judging, drawing, writing the report" if self.cells_over == self.cells else "going on"

    def text(self) -> str:
        """Says how far it is: "tmpfs-dropped on 6.12.118: 1 of 3 trials over, 12 s gone"."""
        with self._lock:
            names = list(self.running)
            several = f"{self.cells_over} of {self.cells} done; " if self.cells > 1 else ""
            what = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "") if names else self.doing
            trials = f": {self.trials_over} of {counted(self.trials, 'trial')} over" if names else ""
            gone = time.monotonic() - self.began_at
        return harmless(f"{several}{what}{trials}, {duration(gone)} gone")

    def view(self) -> Text:
        frame = FRAMES[int((time.monotonic() - self.began_at) * A_SECOND) % len(FRAMES)]
        return Text(f"{frame} {self.text()}", no_wrap=True, overflow="ellipsis")
