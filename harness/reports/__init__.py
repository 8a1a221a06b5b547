"""Reports: made from evidence and verdicts alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness import cache
from harness.errors import LabError
from harness.reports import frames, markdown, plots, readings
from harness.reports.markdown import Section
from harness.reports.readings import Cell
from harness.results import Judged

_preloading: threading.Thread | None = None


def preload() -> None:
    """Begins to load what `write` needs, in a thread: a second of work, while the guests do theirs."""
    global _preloading
    if _preloading is None:
        _preloading = threading.Thread(target=_load, name="preload", daemon=True)
        _preloading.start()


def _load() -> None:
    with suppress(Exception):       # the same will meet `write`, which can tell of it
        # matplotlib's list of fonts belongs into our cache: deleted with it, made where the home can't be written.
        os.environ.setdefault("MPLCONFIGDIR", str(cache.directory("matplotlib")))
        plots.load()
        frames.load()
        markdown.load()


def write(run: Path, judged: Sequence[Judged]) -> Path:
    """Writes report.md, plots/*.svg and samples.parquet beside a run's verdicts.json: the path of report.md.

    Raises LabError where they can't be written. Each file is there whole or not at all.
    """
    preload()
    if _preloading is not None:
        _preloading.join()      # two threads that import the same modules can see halves of them
    around = markdown.environment(run)
    cells, sections = [], []
    for one in judged:
        tracks = frames.tracks(one)
        cells.append((one, tracks))
        sections.append(_section(run, readings.cell(one), tracks, around))
    _replace(run / "samples.parquet", lambda path: frames.write(path, cells))
    report = run / "report.md"
    _replace(report, lambda path: path.write_text(markdown.render(run, sections, around), "utf-8"))
    return report


def _section(run: Path, cell: Cell, tracks: Sequence[frames.Track], around: Mapping[str, Any]) -> Section:
    drawn = plots.draw(cell, tracks)
    name = f"{cell.judged.directory.name}.svg"
    if drawn is not None:
        _replace(run / "plots" / name, lambda path: path.write_text(drawn, "utf-8"))
    return markdown.section(cell, name if drawn else None, around)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        raise LabError(f"report {path}", error.strerror or "can't be written",
                       "free some room, then `invoke report` makes it from the evidence") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
