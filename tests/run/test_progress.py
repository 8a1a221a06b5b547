"""How far a matrix is: what stands on a terminal, and what in a log."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.claims.settings import Settings
from harness.machine.kernels.kernel import Kernel
from harness.run import order
from harness.run.cell import Cell
from harness.run.order import Times
from harness.run.progress import Progress, duration, expected
from tests.reports.made import EXPERIMENT, cell, trial

KERNEL = Kernel("6.12", "6.12.117-made", Path("vmlinuz"), None, None, "made", "sha256:0")


TAKE = {"slow": 30.0, "quick": 12.0}  # seconds of three trials


def planned(lru: str) -> Cell:
    return Cell(EXPERIMENT, KERNEL, Settings(lru=lru), (("lru", lru),), 3, "tcg")


def shown(progress: Progress) -> str:
    text = io.StringIO()
    Console(file=text, width=120).print(progress.view())
    return text.getvalue()


@pytest.mark.parametrize(("seconds", "said"), [(7.4, "7 s"), (61, "1 min"), (3599, "1 h 00 min"), (7500, "2 h 05 min")])
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_line_for_each_cell_where_there_is_no_terminal(tmp_path: Path) -> None:
    text = io.StringIO()
    progress = Progress(Console(file=text, width=200))
    kept = cell(tmp_path / "before", [trial()] * 3).outcome
    progress.planned(tmp_path, [planned("classic"), planned("mglru")], [kept])
    assert "2 cells to run, 1 have their verdict" in text.getvalue()
    progress.began(planned("classic"))
    assert "0 done, 1 running, 1 to come" in shown(progress)
    assert "time left not known yet" in shown(progress)
    assert "made-up@lru=classic@6.12.117-made" in shown(progress)
    progress.done(cell(tmp_path, [trial(kept=1)] * 3, axis={"lru": "classic"}, name=planned("classic").name))
    assert "1/2 made-up [lru=classic] on 6.12.117-made: made-up refuted SURPRISE (4.1 s)" in text.getvalue()
    assert "1 done, 0 running, 1 to come" in shown(progress)
    assert "left" in shown(progress)
    progress.ended()


def test_what_is_left_is_told_by_what_cells_take(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"experiment": name, "series": "6.12", "seconds": seconds, "trials": 3} for name, seconds in TAKE.items()]
    monkeypatch.setattr(order, "published", lambda: Times(rows))  # type: ignore[arg-type] # the times alone are looked at
    named = {name: replace(planned("classic"), experiment=replace(EXPERIMENT, name=name)) for name in [*TAKE, "new"]}
    assert {cell.experiment.name: expected(list(named.values()))[cell.name] for cell in named.values()} == {**TAKE, "new": 21.0}
    assert set(expected([named["new"]]).values()) == {3.0}


def test_a_live_display_on_a_terminal(tmp_path: Path) -> None:
    text = io.StringIO()
    progress = Progress(Console(file=text, width=120, force_terminal=True))
    progress.planned(tmp_path, [planned("classic")], [])
    progress.began(planned("classic"))
    progress.done(cell(tmp_path, [trial()] * 3, axis={"lru": "classic"}, name=planned("classic").name))
    progress.ended()
    assert "to come" in text.getvalue()
    assert "made-up confirmed" in text.getvalue()
