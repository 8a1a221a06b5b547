"""What a hostile or broken agent may say on its channel: refused in words, at once, and nothing of it is kept."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from harness.agent import wire
from harness.agent.agent import Agent
from harness.agent.channel import LOOK, Channel
from harness.errors import LabError, MachineLost

AGENT, PROBE = wire.AGENT, 2


def frame(kind: int, target: int, sequence: int, text: bytes = b"", size: int | None = None) -> bytes:
    """Makes a reply as struct reply of probes/wire.h lays it out. size: that it says of its text, if it lies."""
    length = len(text) if size is None else size
    return struct.pack("<IHHIiqQQQQ", length, kind, target, sequence, 0, 7, 0, 0, 0, 0) + text


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    """A channel, and the agent's end of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, lambda what: MachineLost("guest", what)), theirs


def test_an_answer_is_the_one_to_its_request(ends: tuple[Channel, socket.socket]) -> None:
    channel, agent = ends
    first, second = channel.send("hello", AGENT), channel.send("pid", PROBE)
    agent.sendall(frame(wire.REPLY, PROBE, second, b"two") + frame(wire.REPLY, AGENT, first, b"one"))
    assert channel.wait(first, 5).text == b"one"
    assert channel.wait(second, 5).text == b"two"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (frame(wire.REPLY, AGENT, 2), "answered request 2, which nobody made"),
        (frame(wire.REPLY, AGENT, 0), "answered request 0, which nobody made"),
        (frame(wire.REPLY, 63, 1), "target 63 answered hello, which target 0 was asked"),
        (frame(99, AGENT, 1), "a frame of kind 99, which there is not"),
        (frame(wire.EXIT, AGENT, 1), "the end of target 0, which can't end"),
        (frame(wire.EXIT, 60000, 0), "the end of target 60000, which can't end"),
        (frame(wire.EXIT, PROBE, 77), "during request 77, which nobody made"),
        (frame(wire.SAMPLE, AGENT, 0, bytes(16)), "samples that nobody asked for"),
        (frame(wire.REPLY, AGENT, 1, size=2**32 - 1), "4294967295 bytes long, 1048576 are allowed"),
        (frame(wire.REPLY, AGENT, 1, size=wire.TEXT_LIMIT + 1), "are allowed"),
    ],
)
def test_what_is_no_answer_is_refused(ends: tuple[Channel, socket.socket], said: bytes, why: str) -> None:
    channel, agent = ends
    sequence = channel.send("hello", AGENT)
    agent.sendall(said)
    with pytest.raises(MachineLost, match=why):
        channel.wait(sequence, 5)


def test_a_second_answer_is_refused(ends: tuple[Channel, socket.socket]) -> None:
    channel, agent = ends
    first = channel.send("hello", AGENT)
    agent.sendall(2 * frame(wire.REPLY, AGENT, first))
    channel.wait(first, 5)
    with pytest.raises(MachineLost, match="which it had answered"):
        channel.call("hello", AGENT, seconds=5)


def test_an_end_during_a_request_answers_it_and_later_ones(ends: tuple[Channel, socket.socket]) -> None:
    channel, agent = ends
    sequence = channel.send("pid", PROBE)
    agent.sendall(frame(wire.EXIT, PROBE, sequence))
    assert channel.wait(sequence, 5).ended == 7
    assert channel.call("pid", PROBE).ended == 7  # known here: not even sent


def test_an_end_after_the_request_was_refused_is_no_second_answer(ends: tuple[Channel, socket.socket]) -> None:
    """The agent finds the probe's channel broken, says EPIPE, and then finds it dead (probes/agent/requests.c)."""
    channel, agent = ends
    sequence = channel.send("pid", PROBE)
    agent.sendall(frame(wire.REPLY, PROBE, sequence) + frame(wire.EXIT, PROBE, sequence))
    channel.wait(sequence, 5)
    assert channel.wait_exit(PROBE, 5) == 7


def test_samples_come_at_the_rate_that_was_asked_for(ends: tuple[Channel, socket.socket]) -> None:
    channel, agent = ends
    came: list[wire.Reply] = []
    channel.on_sample = came.append
    sequence = channel.send("series", AGENT, (10_000_000,))
    agent.sendall(frame(wire.REPLY, AGENT, sequence) + 100 * frame(wire.SAMPLE, AGENT, 0, bytes(16)))
    channel.wait(sequence, 5)
    assert not channel.ready(0)
    assert len(came) == 100
    agent.sendall(400 * frame(wire.SAMPLE, AGENT, 0, bytes(16)))
    with pytest.raises(MachineLost, match="samples that nobody asked for"):
        channel.ready(0)


def test_no_sample_comes_after_a_series_has_ended(ends: tuple[Channel, socket.socket]) -> None:
    channel, agent = ends
    sequences = [channel.send("series", AGENT, (interval,)) for interval in (10_000_000, 0)]
    agent.sendall(b"".join(frame(wire.REPLY, AGENT, sequence) for sequence in sequences))
    for sequence in sequences:
        channel.wait(sequence, 5)
    agent.sendall(frame(wire.SAMPLE, AGENT, 0, bytes(16)))
    with pytest.raises(MachineLost, match="samples that nobody asked for"):
        channel.ready(0)


def test_silence_is_named(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    began = time.monotonic()
    with pytest.raises(MachineLost, match=r"did not answer in time: waited 0 s for its answer to hello"):
        channel.call("hello", AGENT, seconds=0.2)
    with pytest.raises(MachineLost, match="the end of its target 2"):
        channel.wait_exit(PROBE, 0.2)
    assert time.monotonic() - began < 5


def test_no_wait_lasts_beyond_the_limit_of_all(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    Agent(channel, 60).limit(0.3, "all of the experiment")
    with pytest.raises(MachineLost, match="all of the experiment"):
        channel.call("hello", AGENT, seconds=60)


def test_a_flood_does_not_outlast_the_deadline(ends: tuple[Channel, socket.socket]) -> None:
    """Samples come without end and the answer never: each is read at once, so that no wait for one ever ends the loop."""
    channel, agent = ends
    sequence = channel.send("series", AGENT, (1,))  # as fast as it can
    flood = threading.Thread(target=lambda: pour(agent, 64 * frame(wire.SAMPLE, AGENT, 0, bytes(1024))))
    flood.start()
    try:
        with pytest.raises(MachineLost, match=r"in time|nobody asked"):
            channel.wait(sequence, 1)
    finally:
        channel.socket.shutdown(socket.SHUT_RDWR)
        flood.join(10)
    assert not channel._replies


def pour(agent: socket.socket, data: bytes) -> None:
    while True:
        try:
            agent.sendall(data)
        except OSError:
            return


def test_the_machine_is_looked_at_while_it_is_waited_for(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends

    def look() -> None:
        raise MachineLost("guest", "it was stopped")

    channel.look = look
    began = time.monotonic()
    with pytest.raises(MachineLost, match="it was stopped"):
        channel.call("hello", AGENT, seconds=60)
    assert time.monotonic() - began < LOOK + 5


def test_a_channel_whose_descriptor_is_above_1023(ends: tuple[Channel, socket.socket]) -> None:
    """select(2) would take none: a run of many machines has as many."""
    channel, agent = ends
    import fcntl
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("this process may not open 2048 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    try:
        high = socket.socket(fileno=fcntl.fcntl(channel.socket, fcntl.F_DUPFD_CLOEXEC, 1500))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with high:
        far = Channel(high, channel.lost)
        sequence = far.send("hello", AGENT)
        agent.sendall(frame(wire.REPLY, AGENT, sequence))
        assert far.wait(sequence, 5).kind == wire.REPLY


@pytest.mark.parametrize(
    "said",
    [
        b"../../../x\n#1\nx86_64\n4096\n1\n1",
        b"6.12\x1b]0;x\n#1\nx86_64\n4096\n1\n1",
        b"6.12\n#1 \x1b[2J\nx86_64\n4096\n1\n1",
        b"6.12\n#1\nx86_64\n4095\n1\n1",
        b"6.12\n#1\nx86_64\n4096\n0\n1",
        b"6.12\n#1\nx86_64\n4096\n1\nmany",
        b"6.12\n#1",
        b"\xff\xfe",
    ],
)
def test_a_guest_that_does_not_say_what_it_is(ends: tuple[Channel, socket.socket], said: bytes) -> None:
    channel, agent = ends
    agent.sendall(frame(wire.REPLY, AGENT, 1, said))
    with pytest.raises(LabError, match="does not say what it is") as caught:
        Agent(channel, 5).hello()
    assert str(caught.value).isprintable()


def test_what_it_says_is_taken_as_it_is(ends: tuple[Channel, socket.socket]) -> None:
    channel, agent = ends
    agent.sendall(frame(wire.REPLY, AGENT, 1, b"6.12.1+deb13\n#1 SMP (2026-01-01)\nx86_64\n4096\n2\n1"))
    found = Agent(channel, 5).hello()
    assert (found.release, found.page_size, found.cpus) == ("6.12.1+deb13", 4096, 2)


def test_an_end_of_the_agent_itself(ends: tuple[Channel, socket.socket]) -> None:
    channel, agent = ends
    agent.close()
    with pytest.raises(MachineLost, match="it ended"):
        channel.call("hello", AGENT, seconds=5)
