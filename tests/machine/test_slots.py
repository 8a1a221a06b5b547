"""Slots for guests: as many at once as there are, and timed ones beside none but timed ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import MachineLost
from harness.machine import slots
from harness.machine.processes import fleet

SOON, LONG = 0.2, 10.0  # seconds: enough for a waiter to look 40 times; more than any wait that is not for ever


class Guest:
    """Somebody who takes a slot and keeps it until told to go."""

    def __init__(self, timed: bool = False) -> None:
        self.inside, self._leave = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, args=(timed,), daemon=True)
        self._thread.start()

    def _live(self, timed: bool) -> None:
        with slots.acquire(timed):
            self.inside.set()
            self._leave.wait(LONG)

    def leave(self) -> None:
        self._leave.set()
        self._thread.join(LONG)


@pytest.fixture(autouse=True)
def two_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(slots, "count", lambda timed=False: 2)
    with fleet.running():
        yield


@contextmanager
def guests(*timed: bool) -> Iterator[list[Guest]]:
    found = [Guest(one) for one in timed]
    try:
        yield found
    finally:
        for guest in found:
            guest.leave()


@pytest.mark.parametrize("timed", [False, True])
def test_no_more_guests_than_slots(timed: bool) -> None:
    """Timed ones too run beside each other."""
    with guests(timed, timed) as here:
        assert all(guest.inside.wait(LONG) for guest in here)
        with guests(timed) as (third,):
            assert not third.inside.wait(SOON)
            here[0].leave()
            assert third.inside.wait(LONG)


@pytest.mark.parametrize("timed", [False, True])
def test_a_timed_one_and_another_keep_each_other_out(timed: bool) -> None:
    with guests(timed) as (first,):
        assert first.inside.wait(LONG)
        with guests(not timed) as (other,):
            assert not other.inside.wait(SOON)
            first.leave()
            assert other.inside.wait(LONG)


def test_who_comes_later_does_not_overtake_a_timed_one() -> None:
    with guests(False, False) as (first, second):
        assert first.inside.wait(LONG)
        assert second.inside.wait(LONG)
        with guests(True) as (timed,):
            assert not timed.inside.wait(SOON)  # it has the turn by now
            with guests(False) as (late,):
                first.leave()
                assert not late.inside.wait(SOON)
                assert not timed.inside.is_set()
                second.leave()
                assert timed.inside.wait(LONG)
                assert not late.inside.is_set()
                timed.leave()
                assert late.inside.wait(LONG)


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


def test_the_ticket_of_a_dead_waiter_holds_nobody_up(tmp_path: Path) -> None:
    queue = tmp_path / "slots" / "queue"
    queue.mkdir(parents=True)
    dead = queue / f"{1:020}.1.1"
    dead.touch()
    with slots.acquire():
        assert not list(queue.iterdir())


def test_a_run_that_is_interrupted_waits_no_longer() -> None:
    with guests(False) as (here,):
        assert here.inside.wait(LONG)
        with pytest.raises(KeyboardInterrupt), fleet.running():
            raise KeyboardInterrupt
        with pytest.raises(MachineLost), slots.acquire(timed=True):
            pass


def test_memory_that_is_available_is_more_than_what_is_free() -> None:
    """MemFree leaves out the page cache, which can be had at once; MemTotal has what nobody can be given."""
    text = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, available = (int(text[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    assert 0 < slots.memory_available() < total
    assert abs(slots.memory_available() - available) < total // 4
