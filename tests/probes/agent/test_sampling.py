"""Samples."""

from __future__ import annotations

import errno
import time

from harness.agent import wire
from harness.agent.agent import Agent
from harness.agent.target import hand_of


def test_samples(agent: Agent) -> None:
    assert agent.watch(250, "/proc/self/statm", 1) == 0
    assert agent.watch(251, "/nonexistent", 1) == errno.ENOENT
    began, ended, sections = wire.sections(agent.call("sample", 1).text)
    assert began <= ended
    assert [(number, error) for number, error, _ in sections] == [(250, 0)]
    agent.unwatch(250)


def test_samples_of_a_series_come_in_order_and_before_a_later_reply(agent: Agent) -> None:
    """They are sent together; what was sampled before an answer was given is never read after it."""
    came: list[int] = []
    agent.hear_samples(lambda reply: came.append(wire.sections(reply.text)[0]))
    agent.watch(250, "/proc/self/statm", 2)
    agent.call("series", 1_000_000)
    hand = hand_of(agent)
    for _ in range(5):
        hand.sleep(5_000_000)
        asked = agent.call("sample", 2)
        assert came
        assert came[-1] < asked.began
    agent.call("series", 0)
    last = len(came)
    assert came == sorted(set(came))
    hand.sleep(20_000_000)
    assert len(came) == last  # none waits for ever
    agent.unwatch(250)
    agent.hear_samples(None)


def test_a_long_wait_does_not_hold_samples_back(agent: Agent) -> None:
    """While nobody asks for anything they come all the same: a machine may die before its next answer."""
    came: list[int] = []
    agent.hear_samples(lambda reply: came.append(wire.sections(reply.text)[0]))
    agent.watch(250, "/proc/self/statm", 2)
    agent.call("series", 1_000_000)
    deadline = time.monotonic() + 10
    while len(came) < 30 and time.monotonic() < deadline:
        agent.channel.ready(0)
    agent.call("series", 0)
    assert len(came) >= 30
    agent.unwatch(250)
    agent.hear_samples(None)
