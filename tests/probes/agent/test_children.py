"""Probes are born, and end."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.agent import wire
from harness.agent.agent import Agent
from harness.errors import LabError
from harness.lab.probe import Probe
from tests.probes.on_host import descriptors, start_agent, start_probe, words


def test_an_exit_is_told_by_its_status(probe: Probe) -> None:
    assert os.WEXITSTATUS(probe.end(4)) == 4
    assert probe.attempt.run("pid").ended is not None


def test_a_signal_ends_an_operation(agent: Agent, probe: Probe) -> None:
    going = probe.begin.sleep(60_000_000_000)
    probe.signal(9)
    ended = going.wait().ended
    assert ended is not None
    assert os.WTERMSIG(ended) == 9


def test_numbers_of_probes_run_out() -> None:
    """A probe of the last number is driven as any other; after it, one line says how many there may be."""
    with start_agent() as agent:
        for _ in range(wire.FIRST_PROBE, wire.TARGET_LIMIT - 1):
            agent.next_target()
        last = start_probe(agent)
        assert last.number == wire.TARGET_LIMIT - 1
        assert os.WEXITSTATUS(last.end(4)) == 4
        with pytest.raises(LabError, match="runs 1022 at most in one trial"):
            start_probe(agent)
        agent.kill_all()


@contextmanager
def room_for(agent: Agent, more: int) -> Iterator[int]:
    """Lets the agent open so many descriptors more than it has; gives its pid."""
    pid = agent.hello().agent_pid
    numbers = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    free = [number for number in range(max(numbers) + 2 + more) if number not in numbers]
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[more], before[1]))
    try:
        yield pid
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(("group", "more"), [(group, more) for group in ("", "/") for more in range(6 + len(group))])
def test_a_refused_birth_leaves_nothing_open(agent: Agent, group: str, more: int) -> None:
    """A birth opens a pair of sockets, two pipes and the group's directory: whichever is refused, none stays open."""
    with room_for(agent, more) as pid:
        before = descriptors(pid)
        with pytest.raises(LabError, match="Too many open files"):
            agent.spawn(words(agent), group=group)
        assert descriptors(pid) == before


def test_a_birth_leaves_its_channel_open(agent: Agent) -> None:
    with room_for(agent, 6) as pid:
        before = descriptors(pid)
        probe = start_probe(agent)
        assert len(descriptors(pid)) == len(before) + 1
        probe.kill_now()
        assert descriptors(pid) == before


def test_a_birth_that_fails_later_leaves_nothing_open(agent: Agent) -> None:
    pid = agent.hello().agent_pid
    before = descriptors(pid)
    with pytest.raises(LabError, match="No such file"):
        agent.spawn(["/nonexistent"])
    with pytest.raises(LabError, match="No such file"):
        agent.spawn(words(agent), group="/nonexistent")
    with pytest.raises(LabError):
        agent.spawn(words(agent), group="/")  # no cgroup
    with pytest.raises(LabError, match="Invalid"):
        agent.call("spawn", wire.HAND, 0, 0, 0, 1, 0, text=b"\0/bin/true\0")
    deadline = time.monotonic() + 10
    while descriptors(pid) != before and time.monotonic() < deadline:
        agent.hello()  # the end of the first is told once it is reaped
    assert descriptors(pid) == before
