"""The agent on this host: a child process instead of a guest's PID 1, the same program."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.agent.agent import Agent
from harness.agent.channel import Channel
from harness.errors import MachineLost
from probes import build


@contextmanager
def agent(seconds: float = 60) -> Iterator[Agent]:
    """Starts an agent that ends with the block."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [build.BUILD / "agent", str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
    try:
        yield Agent(Channel(ours, lambda what: MachineLost("agent on this host", what)), seconds)
    finally:
        ours.close()  # the agent ends when its channel does
        process.wait(seconds)


def memory_stat() -> str | None:
    """Finds memory.stat of this process's group, in either version of control groups; None where the host has none."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, group = line.split(":", 2)
        root = "/sys/fs/cgroup" + ("/memory" if "memory" in controllers.split(",") else "")
        path = Path(f"{root}{group}/memory.stat")
        if (number == "0" or "memory" in controllers) and path.exists():
            return str(path)
    return None
