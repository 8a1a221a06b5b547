"""A run's report: pages, pictures, tables and what test runners read, made from evidence and verdicts alone."""

from __future__ import annotations

import os
import resource
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from harness import cache
from harness.errors import LabError, Unavailable
from harness.evidence import run_directory
from harness.reports import (
    cases,
    junit,
    ktap,
    markdown,
    pages,
    quantities_table,
    readings,
    samples_table,
    step_summary,
    tracks,
)
from harness.reports.pictures import canvas, claim
from harness.verdicts import run_cells
from harness.verdicts.judged import Judged, Outcome, judge_cell

_preloading: threading.Thread | None = None


def preload() -> None:
    """Begins to load what `write` needs, in a thread: a second of work, while the guests do theirs."""
    global _preloading
    if _preloading is None:
        _preloading = threading.Thread(target=_load, name="preload", daemon=True)
        _preloading.start()


def _load() -> None:
    with suppress(Exception):  # the same will meet `write`, which can tell of it
        # matplotlib's list of fonts belongs into our cache: deleted with it, made where the home can't be written.
        with suppress(Unavailable):  # then it makes a directory for itself, which goes with this process
            os.environ.setdefault("MPLCONFIGDIR", str(cache.directory("matplotlib")))
        canvas.load()
        samples_table.load()
        markdown.load()


class Report:
    """report.md and the pages behind it, plots/*.svg, samples.parquet, quantities.parquet, summary.md, junit.xml and ktap.txt
    beside a run's verdicts.json.

    A cell's part is written when the cell is judged, and what it was made of can be forgotten: pieces lie below
    `.report` until the run is whole, so that a run that goes on need not read the evidence of its first part again.
    """

    def __init__(self, run: Path) -> None:
        check_addresses()
        preload()
        self.run, self.around = run, run_directory.read_environment(run)
        self.path = run / "report.md"
        self._added = False

    def _piece(self, cell: Path) -> Path:
        return self.run / ".report" / f"{cell.name}{samples_table.PIECE}"

    def _page(self, name: str, text: str) -> None:
        _replace(self.run / name, lambda to: to.write_text(text, "utf-8"))

    def add(self, judged: Judged) -> None:
        """Writes a cell's page, pictures and samples. Raises LabError where they can't be written."""
        loaded()
        self._added = True
        cell, found = readings.cell(judged), tracks.of_cell(judged)
        for one in judged.experiment.claims:
            name = claim.file_name(judged.directory.name, judged.experiment.name, one.id)
            with suppress(OSError):  # what is in the way is told by what cannot be written
                (self.run / claim.FOLDER / name).unlink()
        for picture in claim.draw_all(cell, found):
            self._page(f"{claim.FOLDER}/{picture.name}", picture.svg)
        _replace(self._piece(judged.directory), lambda path: samples_table.write(path, judged, found))
        self._page(f"{pages.CELLS}/{judged.directory.name}.md", markdown.cell_page(cell, self.around))

    def finish(self, outcomes: Sequence[Outcome], whole: bool = True) -> Path:
        """Puts the parts of these cells together: the path of report.md. whole: no more cells will come."""
        if not self._added and self.path.exists():
            return self.path
        loaded()
        for outcome in outcomes:
            if not self._piece(outcome.directory).exists():
                self.add(judge_cell(outcome.directory))
        samples = [self._piece(outcome.directory) for outcome in outcomes]
        varying, constant = samples_table.constants(samples)
        _replace(self.run / "samples.parquet", lambda path: samples_table.combine(path, samples, varying))
        _replace(self.run / "constants.parquet", lambda path: samples_table.write_constants(path, constant))
        _replace(self.run / "quantities.parquet", lambda path: quantities_table.write(path, outcomes))
        suites = cases.suites(outcomes)
        _replace(self.run / "junit.xml", lambda path: path.write_text(junit.render(suites), "utf-8"))
        _replace(self.run / "ktap.txt", lambda path: path.write_text(ktap.render(suites), "utf-8"))
        for name, text in pages.all_of(self.run, outcomes, self.around):
            self._page(name, text)
        self._page("summary.md", step_summary.render(self.run, outcomes))
        if whole:
            shutil.rmtree(self.run / ".report", ignore_errors=True)
        return self.path


# Bytes of addresses. In 400 MB, libraries that reports load end the process by a signal (pyarrow 26); in 500 they work.
LEAST_ADDRESSES = 450_000_000


def check_addresses() -> None:
    """Makes sure that this process may have the addresses that a report takes. Raises LabError where a limit is too low."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESSES:
        raise LabError(
            "memory", f"this process may have {limit:,} bytes of it, and a report takes more", "allow it more (ulimit -v)"
        )


def loaded() -> None:
    """Waits for what `preload` began: two threads that import the same modules can see halves of them."""
    if _preloading is not None:
        _preloading.join()


def write(run: Path, judged: Iterable[Judged]) -> Path:
    """Writes the whole report of a run, from its cells one by one: the path of report.md. verdicts.json too, which says the
    same; a run that was killed may have left none. Raises LabError where the process may have too little memory."""
    report = Report(run)
    for made in (".report", pages.FOLDER, claim.FOLDER):
        if (run / made).is_dir():
            shutil.rmtree(run / made, ignore_errors=True)
    outcomes = []
    for one in judged:
        report.add(one)
        outcomes.append(one.outcome)
    report.path.unlink(missing_ok=True)
    run_directory.write_verdicts(run, run_cells.document(run, outcomes))
    return report.finish(outcomes)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        if temporary.is_dir():  # rename(2) puts no folder in place of one that has something in it, or of a file
            cache.remove(path)
        temporary.replace(path)
    except OSError as error:
        raise LabError(
            f"report {path}",
            error.strerror or "can't be written",
            "free some room, then `invoke report` makes it from the evidence",
        ) from error
    finally:
        with suppress(OSError):
            cache.remove(temporary)
