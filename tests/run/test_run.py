"""Trials handed in to a pool: an interruption ends them wherever it comes."""

from __future__ import annotations

import time

import pytest

from harness.run.run import ending_pool


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
