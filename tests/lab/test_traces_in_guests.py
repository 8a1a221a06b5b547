"""Trace events, kernel types and system calls in real guests of one kernel, or of every fetched one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from harness.errors import LabError, Skip
from harness.lab import tracing
from harness.lab.lab import Lab
from harness.lab.tracing import TRACING
from harness.linux import trace_events
from harness.linux.btf import Types
from harness.linux.sizes import MIB
from harness.machine.kernels.kernel import Kernel
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest

SIZE, FAULT = 1 * MIB, "exceptions:page_fault_user"
MMAP, MUNMAP, OPENAT = 9, 11, 257


@pytest.fixture(scope="module", params=every_kernel(), ids=lambda kernel: kernel.series)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    kernel: Kernel = request.param
    with lab_in(kernel, tmp_path_factory.mktemp("traced")) as found:
        yield found


def instances(lab: Lab) -> int:
    return lab.hand.list(f"{TRACING}/instances").value


def test_one_event_a_page_of_the_process_alone(lab: Lab) -> None:
    probe, other = lab.probe("probe"), lab.probe("other")
    region, theirs = probe.map(SIZE), other.map(SIZE)
    with lab.trace("faults", FAULT, pid=probe.pid) as found:
        region.fill()
        theirs.fill()
    events = trace_events.parse(found[0])
    inside = [event for event in events if region.address <= event.number("address") < region.address + SIZE]
    assert len(inside) == SIZE // lab.page_size
    assert {event.pid for event in events} == {probe.pid}
    assert not trace_events.lost(found[0])
    assert instances(lab) == 0


def test_a_trace_of_many_replies_is_whole(lab: Lab) -> None:
    region = lab.probe("long").map(64 * MIB)
    with lab.trace("long", FAULT, pid=region.probe.pid) as found:
        region.fill()
    lines = [line for line in found[0].splitlines() if line.strip() and not line.startswith("#")]
    events = trace_events.parse(found[0])
    addresses = sorted(event.number("address") // lab.page_size for event in events)
    first = region.address // lab.page_size
    assert [page for page in addresses if first <= page < first + 64 * MIB // lab.page_size] == [
        first + page for page in range(64 * MIB // lab.page_size)
    ]
    assert len(events) == len(lines)
    assert not trace_events.lost(found[0])


def test_more_than_the_buffer_holds_is_told(lab: Lab) -> None:
    region = lab.probe("many").map(16 * MIB)
    with lab.trace("overflow", FAULT, kib=8) as found:
        region.write()
    assert trace_events.lost(found[0])


def test_an_event_that_the_kernel_lacks_skips(lab: Lab) -> None:
    with pytest.raises(Skip, match="no trace event vmscan:nothing"), lab.trace("nothing", "vmscan:nothing"):
        pass
    assert instances(lab) == 0


def test_an_event_at_a_function_is_skipped_only_where_there_is_none(lab: Lab) -> None:
    """A register of another architecture is a fault of ours, and not a function that can't be probed."""
    tracing.at(lab.hand, "once", "no_such_function|out_of_memory", f"context={lab.architecture.arguments[0]}:u64")
    assert not lab.hand.attempt.stat(f"{TRACING}/events/kprobes/once").error
    with pytest.raises(Skip, match="no_such_function: it has no such function, or its compiler has inlined it"):
        tracing.at(lab.hand, "never", "no_such_function")
    with pytest.raises(LabError, match="kprobe_events"):
        tracing.at(lab.hand, "wrong", "out_of_memory", "context=%of_another:u64")
    lab.hand.put(tracing.KPROBES, "-:once", os.O_APPEND)


def test_a_procedure_that_breaks_leaves_no_instance(lab: Lab) -> None:
    with pytest.raises(ZeroDivisionError), lab.trace("broken", FAULT):
        raise ZeroDivisionError
    assert instances(lab) == 0


def test_types_of_the_running_kernel(lab: Lab) -> None:
    types = Types(lab.read_bytes("/sys/kernel/btf/vmlinux"))
    assert dict(types.members("list_head") or []) == {"next": "struct list_head *", "prev": "struct list_head *"}
    assert ("LRU_INACTIVE_ANON", 0) in (types.enumerators("lru_list") or [])
    assert types.size("list_head") == 16
    assert types.offset("list_head", "prev") == 8
    assert types.members("mm_struct")
    assert types.members("no_such_struct") is None
    assert types.enumerators("no_such_enum") is None
    assert types.offset("list_head", "nothing") is None


def test_system_calls_of_a_held_probe(lab: Lab) -> None:
    held = lab.probe("held", held=True)
    with held.trace() as trace:
        address = held.mmap(SIZE).value
        held.munmap(address, SIZE)
    own = [call for call in trace.calls if call.number in {MMAP, MUNMAP} and call.arguments[1] == SIZE]
    assert [call.number for call in own] == [MMAP, MUNMAP]
    assert own[0].result == own[1].arguments[0] == address
    assert any(call.number == OPENAT and call.result > 2 for call in trace.calls)  # its loader's
