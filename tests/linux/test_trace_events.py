"""The parser of the event trace: lines as 5.10 and 7.2 print them, odd names, what was lost."""

from __future__ import annotations

import pytest

from harness.evidence.recording import Recording
from harness.linux import trace_events

LINES = """\
           probe-131     [000] .....     3.070906: mm_vmscan_lru_isolate: classzone=2 order=0 nr_requested=32 nr_scanned=32 \
nr_skipped=0 nr_taken=31 lru=inactive_anon
 kworker/u2:1-my-17      [001] d.h1.    12.000001: page_fault_user: address=0x7f1af9600000 ip=0x561b92b56df3 error_code=0x6
          <idle>-0       [000] dNh4.     4.500000: sched_switch: prev_comm=a b prev_pid=0 prev_state=R ==> next_comm=c next_pid=9
"""


def test_events() -> None:
    isolate, fault, switch = trace_events.parse(LINES)
    assert (isolate.task, isolate.pid, isolate.time, isolate.name) == ("probe", 131, 3.070906, "mm_vmscan_lru_isolate")
    assert (isolate.number("nr_requested"), isolate.fields["lru"]) == (32, "inactive_anon")
    assert (fault.task, fault.pid) == ("kworker/u2:1-my", 17)
    assert fault.number("address") == 0x7F1AF9600000
    assert (switch.task, switch.pid, switch.number("next_pid")) == ("<idle>", 0, 9)


def test_a_field_that_is_no_number() -> None:
    isolate = trace_events.parse(LINES)[0]
    with pytest.raises(TypeError, match="lru is no number"):
        isolate.number("lru")
    with pytest.raises(KeyError):
        isolate.number("nothing")


def test_other_lines_are_no_events() -> None:
    assert trace_events.parse("# tracer: nop\n\nCPU:0 [LOST 3 EVENTS]\n") == ()


def test_a_trace_that_lost_events_says_nothing() -> None:
    whole = Recording([{"event": "record", "name": "it", "value": LINES}])
    torn = Recording([{"event": "record", "name": "it", "value": f"CPU:0 [LOST 3 EVENTS]\n{LINES}"}])
    assert len(trace_events.events(whole, "it") or ()) == 3
    assert trace_events.events(torn, "it") is None
    assert trace_events.events(whole, "nothing of that name") is None
    empty = Recording([{"event": "record", "name": "it", "value": ""}])
    assert trace_events.events(empty, "it") == ()


def test_requests_to_block_devices() -> None:
    """As 5.10 prints them: kswapd writes a page, a flush without data."""
    text = """\
         kswapd0-45      [000] ...1.    16.000001: block_bio_queue: 254,0 W 274432 + 8 [kswapd0]
 kworker/u2:1-my-17      [000] .....    16.000002: block_bio_queue: 254,0 FWFSM 18874376 + 0 [kworker/u2:1]
           probe-80      [000] .....    16.000003: block_bio_queue: 254,16 RA 8 + 256 [probe]
           probe-80      [000] .....    16.000004: block_rq_issue: 254,16 R 4096 () 8 + 8 [probe]
"""
    assert trace_events.requests(trace_events.parse(text)) == [
        trace_events.Request("kswapd0", "254,0", True, 274432, 8),
        trace_events.Request("kworker/u2:1-my", "254,0", True, 18874376, 0),
        trace_events.Request("probe", "254,16", False, 8, 256),
    ]
