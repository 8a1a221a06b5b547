"""Slots for guests, over threads and processes; tests/machine/test_turns.py has who is next."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import LabError, MachineLost
from harness.machine import slots, turns
from harness.machine.processes import fleet
from harness.machine.slots import Place, Share
from tests.commands import ROOT

SOON, LONG = 0.2, 10.0  # seconds: enough for a waiter to look many times; more than any wait that is not for ever


class Guest:
    """Somebody who takes a place and keeps it until told to go, or to ask for another kind."""

    def __init__(self, quiet: bool = False, share: Share | None = None) -> None:
        self.inside, self._told = threading.Event(), threading.Event()
        self._orders: list[str] = []
        self.place = Place(share, quiet=quiet)
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _live(self) -> None:
        with self.place:
            self.inside.set()
            while self._told.wait(LONG):
                self._told.clear()
                match self._orders.pop():
                    case "leave":
                        return
                    case "sleep":
                        self.place.leave()
                        self.inside.clear()
                    case kind:
                        self.place.enter(kind == "quiet")
                        self.inside.set()

    def tell(self, order: str) -> None:
        """Has it do something: "sleep", "ordinary", "quiet" or "leave"."""
        self._orders.append(order)
        self._told.set()

    def sleep(self) -> None:
        self.tell("sleep")
        deadline = time.monotonic() + LONG
        while self.inside.is_set() and time.monotonic() < deadline:
            time.sleep(0.001)

    def leave(self) -> None:
        self.tell("leave")
        self._thread.join(LONG)


@pytest.fixture(autouse=True)
def one_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two ordinary guests at once, or one quiet one."""
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(slots, "processors", lambda: 1)
    with fleet.running():
        yield


@contextmanager
def guests(*quiet: bool, share: Share | None = None) -> Iterator[list[Guest]]:
    found = [Guest(one, share) for one in quiet]
    try:
        yield found
    finally:
        for guest in found:
            guest.leave()


def queue(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "slots" / "tickets").iterdir())


def test_no_more_guests_than_slots(tmp_path: Path) -> None:
    with guests(False, False) as here:
        assert all(guest.inside.wait(LONG) for guest in here)
        with guests(False) as (third,):
            assert not third.inside.wait(SOON)
            here[0].leave()
            assert third.inside.wait(LONG)
    assert not queue(tmp_path)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_quiet_one_and_another_keep_each_other_out(quiet: bool) -> None:
    with guests(quiet) as (first,):
        assert first.inside.wait(LONG)
        with guests(not quiet) as (other,):
            assert not other.inside.wait(SOON)
            first.leave()
            assert other.inside.wait(LONG)


def test_first_come_first_served() -> None:
    with guests(False, False) as here:
        assert all(guest.inside.wait(LONG) for guest in here)
        waiting: list[Guest] = []
        for _ in range(4):
            waiting.append(Guest())
            assert not waiting[-1].inside.wait(SOON)  # it stands in the queue
        for number, guest in enumerate([here[0], *waiting[:-1]]):
            guest.leave()
            assert waiting[number].inside.wait(LONG)
            assert not any(later.inside.is_set() for later in waiting[number + 1 :])
        waiting[-1].leave()


def test_who_sleeps_lets_others_work_and_comes_back_before_those_that_came_later() -> None:
    with guests(False, False) as (first, second):
        assert first.inside.wait(LONG)
        assert second.inside.wait(LONG)
        with guests(False) as (third,):
            assert not third.inside.wait(SOON)
            first.sleep()
            assert third.inside.wait(LONG)
            fourth = Guest()
            assert not fourth.inside.wait(SOON)
            first.tell("ordinary")
            assert not first.inside.wait(SOON)
            second.leave()
            assert first.inside.wait(LONG)
            assert not fourth.inside.is_set()
            third.leave()
            assert fourth.inside.wait(LONG)
            fourth.leave()
    assert [how for how, _ in first.place.stretches] == ["ordinary", "aside", "ordinary"]


def test_all_who_work_may_ask_for_quiet_at_once() -> None:
    """Each gives its place back before it waits, so none waits for one who waits for it."""
    with guests(False, False) as (first, second):
        assert first.inside.wait(LONG)
        assert second.inside.wait(LONG)
        for guest in (first, second):
            guest.sleep()
        for guest in (first, second):
            guest.tell("quiet")
        deadline = time.monotonic() + LONG
        while not (first.inside.is_set() or second.inside.is_set()) and time.monotonic() < deadline:
            time.sleep(0.001)
        now, then = (first, second) if first.inside.is_set() else (second, first)
        assert not then.inside.wait(SOON)
        now.leave()
        assert then.inside.wait(LONG)


def test_who_waits_for_quiet_too_long_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "processors", lambda: 2)
    monkeypatch.setattr(turns, "GATHERING", 0)
    with guests(False) as (first,):
        assert first.inside.wait(LONG)
        with guests(True) as (quiet,):
            assert not quiet.inside.wait(SOON)
            with guests(False) as (late,):
                assert not late.inside.wait(SOON)  # though there is a slot
                first.leave()
                assert quiet.inside.wait(LONG)
                assert not late.inside.is_set()
                quiet.leave()
                assert late.inside.wait(LONG)


def test_a_place_that_is_not_waited_for_is_had_at_once_or_not_at_all(tmp_path: Path) -> None:
    with guests(False, False) as here:
        assert all(guest.inside.wait(LONG) for guest in here)
        before = queue(tmp_path)
        assert not Place().enter(False, waits=False)
        assert queue(tmp_path) == before
        here[0].leave()
        place = Place()
        assert place.enter(False, waits=False)
        place.leave()


def test_a_run_has_no_more_at_work_than_it_may() -> None:
    share = Share(1)
    with guests(False, share=share) as (first,):
        assert first.inside.wait(LONG)
        with guests(False, share=share) as (second,):
            assert not second.inside.wait(SOON)
            with guests(False) as (other,):
                assert other.inside.wait(LONG)  # its run's limit holds nobody else up
                assert not second.inside.is_set()
            first.leave()
            assert second.inside.wait(LONG)


def test_runs_of_several_processes_share_the_slots(tmp_path: Path) -> None:
    script = (
        "import sys; from harness.machine import slots; from harness.machine.processes import fleet\n"
        "slots.processors = lambda: 1\n"
        "with fleet.running(), slots.Place(), slots.Place():\n    print('inside', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", script]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "inside\n"
        with guests(False) as (here,):
            assert not here.inside.wait(SOON)
            other.kill()  # the kernel gives back what it had
            assert here.inside.wait(LONG)
            assert len(queue(tmp_path)) == 1


def test_the_ticket_of_a_dead_waiter_holds_nobody_up(tmp_path: Path) -> None:
    with Place():
        (own,) = queue(tmp_path)
    _, *rest = own.split(".")
    for number in range(3):
        (tmp_path / "slots" / "tickets" / ".".join([str(number), *rest])).touch()
    (tmp_path / "slots" / "tickets" / "00000000000000000001.1.1").touch()  # of a version with other names
    with Place():
        assert len(queue(tmp_path)) == 2


def test_a_run_that_is_interrupted_waits_no_longer(tmp_path: Path) -> None:
    with guests(False) as (here,):
        assert here.inside.wait(LONG)
        with pytest.raises(KeyboardInterrupt), fleet.running():
            raise KeyboardInterrupt
        with pytest.raises(MachineLost), Place(quiet=True):
            pass
        assert len(queue(tmp_path)) == 1


def test_who_waits_for_one_that_is_not_at_it_any_more_is_told_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "STUCK_SECONDS", SOON)
    with guests(True) as (here,):
        assert here.inside.wait(LONG)
        with pytest.raises(LabError, match=f"for process {os.getpid()}, which came first"), Place():
            pass


def test_memory_that_is_available_is_more_than_what_is_free() -> None:
    """MemFree leaves out the page cache, which can be had at once; MemTotal has what nobody can be given."""
    text = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, available = (int(text[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    assert 0 < slots.memory_available() < total
    assert abs(slots.memory_available() - available) < total // 4
