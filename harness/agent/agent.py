"""What the agent itself does, as Python calls it: probes, watched files, samples, pages, traces."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from harness.agent import wire
from harness.agent.channel import Channel, Deadline
from harness.errors import Denied, LabError, MachineLost
from harness.linux import releases

# A field of uname(2): 64 bytes and a zero (include/uapi/linux/utsname.h, __NEW_UTS_LEN).
PRINTABLE = re.compile(r"[ -~]{1,64}")
DENIALS = {errno.EPERM, errno.EACCES}


@dataclass(frozen=True)
class Info:
    """A machine as its agent found it: page_size in bytes."""

    release: str
    version: str
    arch: str
    page_size: int
    cpus: int
    agent_pid: int


class Agent:
    """The agent on a machine. `seconds`: how long any single answer may take."""

    def __init__(self, channel: Channel, seconds: float) -> None:
        self.channel = channel
        self.seconds = seconds
        self.used: int = wire.FIRST_PROBE  # the numbers below it are those of targets that there were, or are

    def call(self, operation: str, *arguments: int, text: bytes = b"") -> wire.Reply:
        """Has one of the agent's own operations carried out. Raises LabError with the errno's text if it fails."""
        reply = self.channel.call(operation, wire.AGENT, arguments, text, self.seconds)
        if reply.error:
            kind = Denied if reply.error in DENIALS else LabError
            raise kind(
                f"agent: {operation}",
                f"{os.strerror(reply.error)} ({text[:200].decode(errors='replace')})",
                "see the machine's console",
            )
        return reply

    def hello(self) -> Info:
        """Asks the agent what its machine is. Raises MachineLost for an answer that describes none."""
        text = self.call("hello").text
        try:
            release, version, arch, page, cpus, pid = text.decode().split("\n")[:6]
            found = Info(releases.checked(release, "release"), version, arch, int(page), int(cpus), int(pid))
        except (ValueError, LabError) as error:
            raise self.channel.lost(f"it does not say what it is: {error}") from None
        whole = found.page_size > 0 and not found.page_size & (found.page_size - 1) and found.cpus > 0 and found.agent_pid > 0
        if not (whole and PRINTABLE.fullmatch(version) and PRINTABLE.fullmatch(arch)):
            raise self.channel.lost(f"it does not say what it is: {ascii(text)[:200]}")
        return found

    def limit(self, seconds: float, what: str) -> None:
        """Has no wait last beyond so many seconds from now. what: that is to be over by then."""
        self.channel.limit = Deadline.after(seconds, what)

    def postpone(self, seconds: float) -> None:
        """Has the moment that `limit` has set come so many seconds later: the machine stood still for as long."""
        limit = self.channel.limit
        self.channel.limit = replace(limit, at=limit.at + seconds)

    def next_target(self) -> int:
        """Gives a number that no target had before. Raises LabError once all are used up."""
        if self.used == wire.TARGET_LIMIT:
            raise LabError(
                "probe",
                f"a machine runs {wire.TARGET_LIMIT - wire.FIRST_PROBE} at most in one trial",
                "use fewer in this experiment",
            )
        self.used += 1
        return self.used - 1

    def spawn(
        self,
        words: list[str],
        *,
        group: str = "",
        uid: int = 0,
        gid: int = 0,
        held: bool = False,
        environment: dict[str, str] | None = None,
    ) -> tuple[int, int]:
        """Starts a program in a cgroup (a directory of the machine's) and gives its target number and pid."""
        target = self.next_target()
        variables = [f"{name}={value}" for name, value in (environment or {}).items()]
        text = b"".join(part.encode() + b"\0" for part in [group, *words, *variables])
        reply = self.call("spawn", target, int(held), uid, gid, len(words), len(variables), text=text)
        return target, reply.value

    def watch(self, number: int, path: str, sets: int) -> int:
        """Keeps a file open for sampling; gives errno, 0 if it is open."""
        reply = self.channel.call("watch", wire.AGENT, (number, sets), path.encode(), self.seconds)
        return int(reply.error)

    def unwatch(self, number: int) -> None:
        """Closes a watched file; does nothing where none has that number."""
        self.channel.call("unwatch", wire.AGENT, (number,), b"", self.seconds)

    def hear_samples(self, heard: Callable[[wire.Reply], None] | None) -> None:
        """Has each sample of a series handed to `heard` as it comes; None: to nobody."""
        self.channel.on_sample = heard

    def look_at_requests(self, look: Callable[[str, bytes], None]) -> None:
        """Has each request (operation, text) looked at before it is sent; an exception of `look` refuses it."""
        self.channel.before = look

    def wait_exit(self, target: int) -> int:
        """Waits for the end of a target that is to end, or has ended, and gives its wait status."""
        return self.channel.wait_exit(target, self.seconds)

    def ended(self, target: int) -> int | None:
        """Gives the wait status of a target that has ended, None of one that lives."""
        self.call("hello")  # takes in what has come
        return self.channel.exits.get(target)

    def kill(self, target: int) -> None:
        """Sends SIGKILL to a target and waits until it is gone; one that is gone already, or never was, is no error."""
        if not self.channel.call("signal", wire.AGENT, (target, signal.SIGKILL), b"", self.seconds).error:
            self.wait_exit(target)

    def kill_all(self) -> None:
        """Sends SIGKILL to every target that there was; one that is gone is no error."""
        for target in range(wire.FIRST_PROBE, self.used):
            self.channel.call("signal", wire.AGENT, (target, signal.SIGKILL), b"", self.seconds)


class Answering(Protocol):
    """The other end of an agent's channel: its socket, the error for a machine that is gone, and a look at its process."""

    socket: socket.socket

    def lost(self, what: str) -> MachineLost: ...

    def look(self) -> None: ...


def patience(seconds: float) -> float:
    """Gives a deadline that grows with the load of this host, in seconds."""
    return seconds * (1 + os.getloadavg()[0] / (os.cpu_count() or 1))


def greet(process: Answering, seconds: float, later: float = 120) -> tuple[Agent, Info]:
    """Waits for the agent's first reply and gives the agent and its machine. later: seconds for each other reply, on a quiet
    host."""
    agent = Agent(Channel(process.socket, process.lost, look=process.look), seconds)
    info = agent.hello()
    agent.seconds = patience(later)
    return agent, info
