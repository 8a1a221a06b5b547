"""Faults that are injected into a run: each is what it says, and what came of it is told."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, cast

import pytest

from harness.agent import wire
from harness.agent.agent import Info
from harness.agent.channel import Channel
from harness.errors import MachineLost
from harness.faults import injected, readings, table
from harness.faults.shim import Answer, Answering, Shim, exactly, pass_answer, read_request
from harness.faults.shown import Asked
from harness.faults.tape import Player, Tape
from harness.verdicts.judged import Judged, Outcome

MEMINFO = b"MemTotal:        1009348 kB\nBuffers:               0 kB\nCached:            19696 kB\n"


def test_each_fault_of_a_reading_changes_it_and_nothing_else() -> None:
    sections = [(1, 0, b"other 1\n"), (2, 0, MEMINFO), (3, 2, b"")]
    sample = readings.frame_of(sections, bytes(16))
    assert wire.sections(sample)[2] == sections
    assert len({change(MEMINFO) for change in readings.TEXTS.values()} | {MEMINFO}) == len(readings.TEXTS) + 1
    with pytest.raises(MachineLost):
        wire.sections(readings.longer(sample, 2))


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [f"{one.kind}: {one.name}" for one in [*table.all_but_steps(), *table.steps(9)]]
    assert len(names) == len(set(names)) > 50
    assert {name.split(":")[0] for name in names} == {"reading", "agent", "guest", "clock", "disk", "probe"}


def through(answering: Answering) -> tuple[Channel, Shim, socket.socket]:
    """Makes a channel through a shim to an agent that the test plays."""
    agent, end = socket.socketpair()
    shim = Shim(end, answering=answering)
    return Channel(shim.socket, lambda what: MachineLost("agent", what)), shim, agent


def reply(sequence: int, text: bytes = b"") -> wire.Reply:
    return wire.Reply(wire.REPLY, wire.HAND, sequence, 0, 7, 1, 1, 0, 0, text)


def test_frames_pass_as_they_are() -> None:
    channel, shim, agent = through(pass_answer)
    with agent:
        sequence = channel.send("put", wire.HAND, (0,), b"text")
        request = read_request(agent)
        assert (request.operation, request.target, request.sequence) == ("put", wire.HAND, sequence)
        assert request.data.endswith(b"text")
        answer = reply(sequence, b"answered")
        agent.sendall(Answer(answer, None).data)
        assert channel.wait(sequence, 10) == answer
        shim.close()
        assert shim.requests == [("put", wire.HAND)]
        shim.agent.close()
        with pytest.raises(EOFError):
            exactly(agent, 1)


def test_a_shim_asks_by_itself_and_python_hears_nothing_of_it() -> None:
    def answering(shim: Shim, answer: Answer) -> list[bytes] | None:
        return None

    channel, shim, agent = through(answering)
    shim.asking = lambda one, request: [] if one.ask("sync", wire.HAND).value == 7 else None
    with agent:
        channel.send("put", wire.HAND, (0,), b"lost on its way")
        own = read_request(agent)
        assert own.operation == "sync"
        agent.sendall(Answer(reply(own.sequence), None).data)
        with pytest.raises(MachineLost):
            channel.call("put", wire.HAND, (0,), b"lost too", 0.2)
        shim.close()


def test_a_tape_answers_as_it_heard_and_then_ends(tmp_path: Path) -> None:
    tape = Tape(Info("6.12", "", "x86_64", 4096, 1, 1))
    tape.replies["put", wire.HAND].append([reply(5, b"first")])
    player = Player(tape, tmp_path / "console.log")
    channel = Channel(player.socket, player.lost)
    try:
        assert channel.call("put", wire.HAND, (0,), b"", 10).text == b"first"
        with pytest.raises(MachineLost, match="played from a tape"):
            channel.call("put", wire.HAND, (0,), b"", 10)
    finally:
        player.close()


def judged(*verdicts: str, failures: tuple[str, ...] = ()) -> Judged:
    rows = [{"claim": "a", "verdict": verdict, "known": "confirmed", "why": "so"} for verdict in verdicts]
    return Judged(
        Outcome(Path(), cast(Any, {}), cast(Any, None), cast(Any, rows), cast(Any, [{"what": one} for one in failures])), [], []
    )


@pytest.mark.parametrize(
    ("found", "harmless", "holds", "said"),
    [
        (judged("undecided"), False, True, "undecided: so"),
        (judged(failures=("lost",)), False, True, "broken: lost"),
        (judged("refuted"), True, False, "a wrong verdict"),
        (judged("undecided", "refuted"), True, False, "a wrong verdict"),
        (judged("confirmed"), False, False, "confirmed, as without it"),
        (judged("confirmed"), True, True, "confirmed, as without it"),
        (judged(), True, False, "neither a verdict nor an error"),
        (judged("undecided", failures=("lost",)), False, False, "broken: lost"),
    ],
)
def test_what_may_come_of_a_fault(found: Judged, harmless: bool, holds: bool, said: str) -> None:
    fault = table.Fault("agent", "one", lambda vm: (lambda shim, request: None, pass_answer), harmless=harmless)
    came = injected.outcome(fault, found)
    assert came[0] == holds
    assert came[1].startswith(said)


@pytest.mark.guest
def test_faults_of_what_an_agent_sends(tmp_path: Path) -> None:
    """The faults that a tape does for, on the tape of a guest; `invoke faults --part injected` has those of guests too."""
    asked = Asked(1, "", 1, tmp_path)
    first = {name: injected.undisturbed(name, asked) for name in (table.COUNTED, table.PAGED)}
    faults = [fault for fault in table.all_but_steps() if fault.sent]
    assert len(faults) > 30
    before = len(os.listdir("/proc/self/fd"))
    wrong = [one for fault in faults if not (one := injected.shown(fault, asked, first[fault.experiment].tape)).holds]
    assert not wrong
    assert len(os.listdir("/proc/self/fd")) <= before
