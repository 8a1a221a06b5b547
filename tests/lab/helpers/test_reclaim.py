"""What is read from the events at kswapd's decisions."""

from __future__ import annotations

from harness.evidence.recording import Recording
from harness.lab.helpers.reclaim import sleeps, wakes
from tests.refuting.kswapd_watermarks import asleep, awake, woken


def recording(**traces: str) -> Recording:
    return Recording([{"event": "record", "name": name, "value": text} for name, text in traces.items()])


def test_wakes_for_single_pages_only() -> None:
    found = recording(one=woken(-3) + woken(7).replace("order=0", "order=2") + woken(1))
    assert wakes(found, "low", "one") == [-3, 1]
    assert wakes(found, "high", "one") == [-503, -499]


def test_a_request_that_wakes_nobody_is_no_wake() -> None:
    request, _ = woken(5).splitlines(keepends=True)
    assert wakes(recording(one=request + asleep(1)), "low", "one") == []


def test_sleeps_are_what_was_answered_with_yes() -> None:
    assert sleeps(recording(one=awake() + asleep(4) + awake()), "high", "one") == [4]


def test_several_traces_one_after_the_other() -> None:
    assert sleeps(recording(one=asleep(1), two=asleep(2)), "high", "one", "two") == [1, 2]


def test_a_trace_that_is_not_whole_says_nothing() -> None:
    found = recording(one=asleep(1), two="CPU:0 [LOST 7 EVENTS]\n" + asleep(2))
    assert sleeps(found, "high", "one", "two") == sleeps(found, "high", "one", "missing") == []
