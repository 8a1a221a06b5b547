"""An agent and its probes on this host: the same programs as in a guest."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.agent.agent import Agent
from harness.agent.channel import Channel
from harness.agent.target import unrecorded
from harness.errors import MachineLost
from harness.lab.probe import Probe
from harness.linux.architecture import of_host
from probes import build

PAGE = os.sysconf("SC_PAGE_SIZE")
SIZE = 16 * PAGE
NOBODY = 65534


@contextmanager
def start_agent() -> Iterator[Agent]:
    """Starts an agent, which ends with the block."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [build.BUILD / "agent", str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    try:
        yield Agent(Channel(ours, lambda what: MachineLost("agent", what)), 30)
    finally:
        ours.close()
        process.wait(10)


def words(agent: Agent) -> list[str]:
    """Gives the command line of a probe."""
    return [str(build.BUILD / "probe"), str(agent.hello().agent_pid)]


def start_probe(agent: Agent) -> Probe:
    """Starts a probe, which is the caller's to kill."""
    number, pid = agent.spawn(words(agent))
    found = Probe(agent, number, "probe", unrecorded, pid, PAGE, of_host())
    found.run("pid")  # its loader is done once it answers: no trace has a part of that
    return found


def fork(probe: Probe) -> Probe:
    """Forks a probe; the child is the caller's to kill."""
    number = probe.agent.next_target()
    return Probe(probe.agent, number, "child", unrecorded, probe.run("fork", number).value, PAGE, of_host())


def descriptors(pid: int) -> list[str]:
    """Lists what a process has open, by descriptor."""
    return sorted(f"{entry.name}: {os.readlink(entry)}" for entry in Path(f"/proc/{pid}/fd").iterdir())
