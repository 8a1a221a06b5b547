"""The order in which the cells of a run begin, by what earlier ones took."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from harness import catalogue
from harness.evidence import run_directory
from harness.machine.kernels.kernel import Kernel
from harness.run import order
from harness.run.cell import cells
from harness.run.options import RunOptions
from harness.run.order import Times, slow_first
from harness.run.run import ordered


def row(experiment: str, series: str, seconds: float | None, trials: int = 1) -> Any:
    return {"experiment": experiment, "series": series, "seconds": seconds, "trials": trials}


def test_times_are_of_one_trial_on_that_kernel_or_on_any() -> None:
    times = Times([row("a", "6.1", 6.0, 3), row("a", "6.1", 4.0), row("a", "6.12", 9.0), row("b", "6.1", None)])
    assert times.of("a", "6.1") == 3.0
    assert times.of("a", "6.12") == 9.0
    assert times.of("a", "7.2") == 5.0
    assert times.of("b", "6.1") is None
    assert Times().of("a", "6.1") is None


def test_slow_ones_come_first_and_unknown_ones_before_them() -> None:
    known = {"quick": 1.0, "slow": 9.0, "new": None, "medium": 5.0, "newer": None, "zero": 0.0}
    assert slow_first(list(known), known.__getitem__) == ["new", "newer", "slow", "medium", "quick", "zero"]


def test_the_published_reference_has_times() -> None:
    rows = run_directory.read_verdicts(order.REFERENCE)["verdicts"]
    times = order.published()
    assert all(times.of(one["experiment"], one["series"]) is not None for one in rows)
    assert (times.of("swap-storm", "6.12") or 0) > 10 * (times.of("page-size", "6.12") or 0) > 0


def test_where_there_is_no_reference_there_are_no_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "REFERENCE", tmp_path)
    assert order.published().of("page-size", "6.12") is None


def test_a_run_begins_with_its_slow_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = cast(Kernel, type("Named", (), {"series": "6.12", "release": "6.12.1"}))
    (cell,) = cells(catalogue.load()["page-size"], kernel, RunOptions(trials=1), "tcg")
    planned = [replace(cell, experiment=replace(cell.experiment, name=name)) for name in ("quick", "slow", "unknown")]
    monkeypatch.setattr(order, "published", lambda: Times([row("quick", "6.12", 1.0), row("slow", "6.12", 30.0)]))
    assert [one.experiment.name for one in ordered(planned)] == ["unknown", "slow", "quick"]
    monkeypatch.setattr(order, "published", pytest.fail)  # of one experiment the order does not matter: nothing is read
    assert ordered(planned[:1] * 2) == planned[:1] * 2
