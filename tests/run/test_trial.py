"""The machine of a trial: when it starts, and when it may work."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from harness import catalogue
from harness.machine.guest import accelerator, snapshots
from harness.machine.kernels import find
from harness.machine.processes import fleet
from harness.run.cell import cells
from harness.run.options import RunOptions
from harness.run.trial import open_machine

pytestmark = pytest.mark.guest

SECONDS = 60


def test_the_next_machine_starts_while_another_works_and_waits_for_its_turn(tmp_path: Path) -> None:
    kernel = find.by_name()
    chosen, _ = accelerator.choose(kernel)
    (cell,) = cells(catalogue.load()["page-size"], kernel, RunOptions(trials=1), chosen)
    limit, others = threading.Semaphore(1), len(fleet)
    works = threading.Event()

    def next_trial() -> None:
        with open_machine(cell, 1, tmp_path / "next.log", limit):
            works.set()

    with fleet.running():
        snapshots.ensure(kernel, cell.shape, chosen, 0)
        with open_machine(cell, 1, tmp_path / "first.log", limit):
            thread = threading.Thread(target=next_trial)
            thread.start()
            deadline = time.monotonic() + SECONDS
            while len(fleet) < others + 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(fleet) == others + 2, "the next one was not launched ahead"
            assert not works.wait(1), "two machines work where one may"
        assert works.wait(SECONDS)
        thread.join()
    assert len(fleet) == others
