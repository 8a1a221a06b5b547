"""Trials handed in to a pool: an interruption ends them wherever it comes."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from concurrent.futures import Future
from typing import Any, cast

import pytest

from harness import interruption
from harness.run.run import ending_pool, finished


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_has_not_begun_never_begins(error: type[BaseException]) -> None:
    """Also where the pool's own block is left while trials are still handed in: it waits for those that run, not for all."""
    ran: list[int] = []

    def trial(number: int) -> None:
        ran.append(number)
        time.sleep(0.05)

    def hand_in() -> None:
        with ending_pool(2) as pool:
            for number in range(100_000):
                pool.submit(trial, number)
                if number == 5_000:
                    raise error

    began = time.monotonic()
    with pytest.raises(error):
        hand_in()
    assert time.monotonic() - began < 20
    assert len(ran) < 1000


def test_a_signal_at_any_moment_ends_a_pool() -> None:
    """Raised where the main thread stands it would leave a lock of the pool taken, and the pool's threads wait for ever."""
    before = signal.signal(signal.SIGUSR1, lambda number, frame: interruption.interrupt())
    chance = random.Random(1)

    def hand_in() -> None:
        with ending_pool(2) as pool:
            threading.Timer(chance.uniform(0.001, 0.03), os.kill, (os.getpid(), signal.SIGUSR1)).start()
            while True:
                pool.submit(lambda: None)
                interruption.check()

    try:
        for _ in range(40):
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                hand_in()
            assert time.monotonic() - began < 20
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_interruption_is_raised_at_once_where_nothing_holds_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        interruption.interrupt()


def test_one_that_comes_at_the_end_is_not_lost() -> None:
    ended: list[str] = []

    def block() -> None:
        with interruption.held():
            interruption.interrupt()
            ended.append("whole")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert ended == ["whole"]
    interruption.check()  # told once


class Waited:
    """A batch as `finished` sees it: its trials, and whether it was judged."""

    def __init__(self, future: Future[str | None]) -> None:
        self.futures = [future]
        self.judged = False

    def judge(self) -> Any:
        self.judged = True


def test_a_trial_that_the_interruption_itself_ended_finishes_no_cell() -> None:
    """It comes while a cell's trial is waited for, and ends its machine: the cell did not break, it is to be run again."""
    trial: Future[str | None] = Future()
    batch = Waited(trial)
    interruption.at_once(lambda: None if trial.done() else trial.set_result("its machine is gone"))
    before = signal.signal(signal.SIGUSR1, lambda number, frame: interruption.interrupt())
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with pytest.raises(KeyboardInterrupt), interruption.held():
            list(finished(cast(Any, [batch])))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not batch.judged
