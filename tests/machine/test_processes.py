"""The processes of machines: when they may start, and that the end of a run ends them."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from harness.errors import MachineLost
from harness.machine.processes import Fleet

SLEEPS = ("sleep", "1000")
LONG = 10.0  # seconds: more than any wait that is not for ever


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A fleet of the test's own; a machine that it has left alive is ended."""
    made = Fleet()
    yield made
    for process in list(made._processes):
        process.kill()
        process.wait()


def killed(process: subprocess.Popen[bytes]) -> bool:
    return process.wait(LONG) == -9


def test_nothing_starts_before_a_run_or_after_it(fleet: Fleet) -> None:
    with pytest.raises(RuntimeError, match="outside"):
        fleet.launch(SLEEPS)
    with fleet.running():
        fleet.check()
    with pytest.raises(MachineLost, match="interrupted"):
        fleet.launch(SLEEPS)
    with fleet.running():  # entered anew
        fleet.launch(SLEEPS)


def test_the_end_of_a_run_ends_what_is_left(fleet: Fleet) -> None:
    with fleet.running():
        left, gone = fleet.launch(SLEEPS), fleet.launch(("true",))
        gone.wait(LONG)
        fleet.forget(gone)
        assert len(fleet) == 1
        assert left.poll() is None
    assert killed(left)


def test_an_error_ends_it_too(fleet: Fleet) -> None:
    with suppress(ValueError), fleet.running():
        left = fleet.launch(SLEEPS)
        raise ValueError("a bug")
    assert killed(left)


def test_blocks_within_each_other_are_one_run(fleet: Fleet) -> None:
    with fleet.running():
        outer = fleet.launch(SLEEPS)
        with suppress(ValueError), fleet.running():
            inner = fleet.launch(SLEEPS)
            raise ValueError("a bug")
        assert outer.poll() is inner.poll() is None
        fleet.check()
    assert killed(outer)
    assert killed(inner)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_ends_all_at_once_wherever_it_comes(fleet: Fleet, interruption: type[BaseException]) -> None:
    with fleet.running():
        outer = fleet.launch(SLEEPS)
        with pytest.raises(interruption), fleet.running():
            raise interruption
        assert killed(outer)
        with pytest.raises(MachineLost, match="interrupted"), fleet.running():  # a part of the run that was interrupted
            fleet.launch(SLEEPS)
    with fleet.running():
        fleet.launch(SLEEPS)


def test_blocks_of_several_threads_are_one_run(fleet: Fleet) -> None:
    first_in, first_out, second_out = threading.Event(), threading.Event(), threading.Event()

    def first() -> subprocess.Popen[bytes]:
        with fleet.running():
            process = fleet.launch(SLEEPS)
            first_in.set()
            assert first_out.wait(LONG)
        return process

    def second() -> None:
        with fleet.running():
            first_out.set()
            assert second_out.wait(LONG)

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert first_in.wait(LONG)
        other = pool.submit(second)
        process = one.result(LONG)
        assert process.poll() is None
        second_out.set()
        other.result(LONG)
    assert killed(process)


def test_what_starts_at_the_very_end_is_ended(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends after it was looked whether it goes on, and before the process is on the list."""
    starting, may_start = threading.Event(), threading.Event()
    popen = subprocess.Popen

    def slow(words: tuple[str, ...], **options: object) -> subprocess.Popen[bytes]:
        starting.set()
        assert may_start.wait(LONG)
        return popen(words)

    monkeypatch.setattr(subprocess, "Popen", slow)
    with ThreadPoolExecutor(1) as pool:
        with fleet.running():
            launched = pool.submit(fleet.launch, SLEEPS)
            assert starting.wait(LONG)
        may_start.set()
        assert killed(launched.result(LONG))
