"""Traces."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from harness.agent.agent import Agent
from harness.agent.target import unrecorded
from harness.errors import LabError
from harness.lab.probe import Probe
from harness.linux import maps
from harness.linux.architecture import of_host
from tests.probes.on_host import PAGE, SIZE, fork, words


def test_system_calls(probe: Probe) -> None:
    with probe.trace() as trace:
        probe.mmap(SIZE)
        probe.malloc_many(1000, 100)
    mapped = [call for call in trace.calls if call.number == 9 and call.arguments[1] == SIZE]
    assert len(mapped) == 1
    assert mapped[0].result > 0
    assert any(call.number == 12 for call in trace.calls)
    assert probe.run("pid").value == probe.pid


def test_a_trace_that_does_not_fit_says_so(probe: Probe) -> None:
    """The agent keeps 8,192 calls: what is left of more says nothing about "all"."""
    with pytest.raises(LabError, match="too large"), probe.trace():  # EOVERFLOW
        probe.mmap_many(9000, PAGE)
    assert probe.run("pid").value == probe.pid
    with probe.trace() as trace:
        probe.mmap(PAGE)
    assert [call.number for call in trace.calls] == [9]


def test_a_trace_keeps_arguments_results_and_refusals(probe: Probe) -> None:
    with probe.trace() as trace:
        probe.attempt.mmap(1 << 60)
        probe.munmap(probe.mmap(SIZE).value, SIZE)
        probe.sleep(1_000_000)
    refused, granted, unmapped = [call for call in trace.calls if call.number in {9, 11}]
    assert (refused.arguments[1], refused.result) == (1 << 60, -errno.ENOMEM)
    assert unmapped.arguments[:2] == (granted.result, SIZE)
    assert refused.sequence < granted.sequence < unmapped.sequence


def test_a_traced_probe_may_be_killed_or_get_a_signal(probe: Probe) -> None:
    with probe.trace() as trace:
        probe.run("pid")
        probe.signal(28)  # SIGWINCH, which nobody minds
        assert probe.run("pid").value == probe.pid
        probe.kill_now()
    assert any(call.number == 39 for call in trace.calls)  # getpid


def test_a_traced_probe_may_fork(agent: Agent, probe: Probe) -> None:
    with probe.trace() as trace:
        child = fork(probe)
        assert child.run("pid").value == child.pid
    assert any(call.result == child.pid for call in trace.calls)
    child.kill_now()


def test_a_held_program_stands_before_its_first_instruction(agent: Agent) -> None:
    number, pid = agent.spawn(words(agent), held=True)
    first = agent.call("release", number, 1).value
    at = next(mapping for mapping in maps.parse(Path(f"/proc/{pid}/maps").read_text()) if mapping.covers(first))
    assert "/ld-" in at.path
    assert at.execute
    assert not any("libc" in mapping.path for mapping in maps.parse(Path(f"/proc/{pid}/maps").read_text()))
    probe = Probe(agent, number, "held", unrecorded, pid, PAGE, of_host())
    with probe.trace() as trace:
        probe.run("pid")
    assert any(call.number in {257, 2} for call in trace.calls)  # its loader opened the libraries
    probe.kill_now()


def test_a_trace_of_many_texts_does_not_block(probe: Probe) -> None:
    """A reply's head and text leave in one call: a traced probe stops after each."""
    with probe.trace():
        assert len(probe.peek(probe.map(64 * PAGE).address, 64 * PAGE).text) == 64 * PAGE
