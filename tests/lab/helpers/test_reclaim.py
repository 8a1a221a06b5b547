"""What is read from the events at kswapd's decisions."""

from __future__ import annotations

from harness.evidence.recording import Recording
from harness.lab.helpers.reclaim import Look, looks, wakes
from harness.linux.architecture import AMD64
from tests.refuting.kswapd_watermarks import asleep, awake, woken


def recording(**traces: str) -> Recording:
    start = {"event": "start", "machine": {"arch": AMD64.machine}}
    return Recording([start, *({"event": "record", "name": name, "value": text} for name, text in traces.items())])


def test_wakes_for_single_pages_only() -> None:
    found = recording(one=woken(-3) + woken(7).replace("order=0", "order=2") + woken(1))
    assert wakes(found, "low", "one") == [-3, 1]
    assert wakes(found, "high", "one") == [-503, -499]


def test_wakes_for_more_than_a_page() -> None:
    found = recording(one=woken(-3) + woken(7, order=9) + woken(1))
    assert wakes(found, "low", "one", large=True) == [7]


def test_what_is_kept_for_atomic_requests_is_not_free() -> None:
    found = recording(one=woken(-3, atomic=512))
    assert wakes(found, "low", "one") == [-3]


def test_a_request_that_wakes_nobody_is_no_wake() -> None:
    request, _ = woken(5).splitlines(keepends=True)
    assert wakes(recording(one=request + asleep(1)), "low", "one") == []


def test_looks_and_what_was_answered() -> None:
    found = looks(recording(one=awake(-7, 15) + asleep(4) + awake().replace("order=0", "order=2")), "one")
    assert found == [Look(0, 15, -7, False), Look(0, 0, 4, True), Look(2, 0, -100, False)]


def test_several_traces_one_after_the_other() -> None:
    assert [look.over for look in looks(recording(one=asleep(1), two=asleep(2)), "one", "two")] == [1, 2]


def test_a_trace_that_is_not_whole_says_nothing() -> None:
    found = recording(one=asleep(1), two="CPU:0 [LOST 7 EVENTS]\n" + asleep(2))
    assert looks(found, "one", "two") == looks(found, "one", "missing") == []


def test_events_of_an_earlier_version_say_nothing() -> None:
    earlier = (woken(-3) + asleep(1)).replace("_atomic=", "_other=")
    assert wakes(recording(one=earlier), "low", "one") == []
    assert looks(recording(one=earlier), "one") == []
