"""The machine of a trial: when it starts, and when it may work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness import cache, catalogue
from harness.agent.target import hand_of
from harness.errors import MachineLost
from harness.machine import slots
from harness.machine.guest import accelerator, snapshots
from harness.machine.kernels import find
from harness.machine.machine import Machine
from harness.machine.processes import fleet
from harness.machine.slots import Place
from harness.run.cell import Cell, cells
from harness.run.options import RunOptions
from harness.run.trial import Limit, open_machine

pytestmark = pytest.mark.guest

SECONDS, STANDS = 60, 1.0


@pytest.fixture(scope="module")
def cell() -> Cell:
    kernel = find.by_name()
    chosen, _ = accelerator.choose(kernel)
    (found,) = cells(catalogue.load()["page-size"], kernel, RunOptions(trials=1), chosen)
    with fleet.running():
        snapshots.ensure(kernel, found.shape, chosen, 0)
    return found


def now(machine: Machine) -> int:
    """Reads the guest's own clock, in ns."""
    return hand_of(machine.agent).sleep(0).began


@contextmanager
def another_works(limit: Limit, *, quiet: bool = False) -> Iterator[threading.Event]:
    """Has another guest of the run work from now on, until the event that it gives."""
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        with Place(limit.share, quiet=quiet):
            begun.set()
            over.wait(SECONDS)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert begun.wait(SECONDS)
        yield over
    finally:
        over.set()
        thread.join()


def test_while_a_guest_sleeps_another_one_works_and_its_time_stands_still_until_it_may_go_on(cell: Cell, tmp_path: Path) -> None:
    limit, over = Limit(1), threading.Event()
    with fleet.running(), open_machine(cell, 1, tmp_path / "console.log", limit) as machine, ExitStack() as others:
        machine.agent.limit(SECONDS, "the test")
        with machine.aside():
            over = others.enter_context(another_works(limit))
            threading.Timer(STANDS, over.set).start()
            before, ends, began = now(machine), machine.agent.channel.limit.at, time.monotonic()
        assert over.is_set(), "two guests work where one may"
        waited = time.monotonic() - began
        assert now(machine) - before < (waited - STANDS / 2) * 1e9
        assert machine.agent.channel.limit.at - ends > STANDS / 2  # what it waits for is none of its own
        assert machine.place
        assert [how for how, _ in machine.place.so_far()] == ["ordinary", "aside", "ordinary"]


def test_a_guest_that_asks_for_quiet_waits_for_the_others_in_no_time_of_its_own(
    cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "processors", lambda: 1)
    limit = Limit()
    with fleet.running(), open_machine(cell, 1, tmp_path / "console.log", limit) as machine, another_works(limit) as over:
        threading.Timer(STANDS, over.set).start()
        before, began = now(machine), time.monotonic()
        with machine.quiet():
            assert over.is_set(), "another one works beside it"
            waited = time.monotonic() - began
            assert now(machine) - before < (waited - STANDS / 2) * 1e9
            with machine.quiet(), machine.aside():
                assert now(machine)
            assert machine.place
            assert machine.place.quiet
        assert not machine.place.quiet
        with another_works(limit):  # so it is beside others again
            assert now(machine)


def test_an_interruption_ends_a_guest_that_waits_to_go_on(cell: Cell, tmp_path: Path) -> None:
    limit, sleeps, wakes, ended = Limit(1), threading.Event(), threading.Event(), threading.Event()

    def trial() -> None:
        try:
            with open_machine(cell, 1, tmp_path / "console.log", limit) as machine, machine.aside():
                sleeps.set()
                wakes.wait(SECONDS)
        except MachineLost:
            ended.set()

    def tickets() -> list[str]:
        return [path.name for path in cache.directory("slots", "tickets").glob(f"*.{limit.share.name}.*")]

    def interrupted() -> None:
        with fleet.running():
            thread.start()
            assert sleeps.wait(SECONDS)
            with another_works(limit):
                wakes.set()
                deadline = time.monotonic() + SECONDS
                while len(tickets()) < 2 and time.monotonic() < deadline:
                    time.sleep(0.01)
                raise KeyboardInterrupt

    thread = threading.Thread(target=trial)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ended.wait(SECONDS)
    thread.join()
    assert not tickets()


def test_the_next_machine_starts_while_another_works_and_waits_for_its_turn(cell: Cell, tmp_path: Path) -> None:
    limit, others = Limit(1), len(fleet)
    works = threading.Event()

    def next_trial() -> None:
        with open_machine(cell, 1, tmp_path / "next.log", limit):
            works.set()

    with fleet.running():
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
