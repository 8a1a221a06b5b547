"""QEMU's monitor (QMP), each of whose answers has a deadline: its greeting too."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from qemu.qmp import QMPClient

T = TypeVar("T")
CLOSING_SECONDS = 2
LOOK = 1.0  # seconds between two looks at QEMU's process


class Silent(Exception):
    """The monitor did not answer in time; from then on it is asked nothing more."""


class Monitor:
    """The monitor at the other end of a socket. One thread drives it. look: called about every second of waiting; raises
    MachineLost for a QEMU that has to be given up."""

    def __init__(self, sock: socket.socket, look: Callable[[], None]) -> None:
        self._socket, self._look = sock, look
        self._client = QMPClient()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._silent = False

    def _connect(self, seconds: float) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._wait(self._client.connect(self._socket), seconds, "greeting")

    def command(self, name: str, seconds: float, **arguments: Any) -> Any:
        """Carries out a command. Raises Silent where no answer comes in so many seconds, and what QMPClient raises."""
        self._connect(seconds)
        return self._wait(self._client.execute(name, arguments), seconds, f"answer to {name}")

    def give_file(self, name: str, descriptor: int, seconds: float) -> None:
        """Gives QEMU an open file, which its commands call by this name (QMP, getfd)."""
        self._connect(seconds)
        self._client.send_fd_scm(descriptor)
        self.command("getfd", seconds, fdname=name)

    def _wait(self, answer: Coroutine[Any, Any, T], seconds: float, what: str) -> T:
        assert self._loop
        if self._silent:
            answer.close()
            raise Silent("it has not answered before")
        task, deadline = self._loop.create_task(answer), time.monotonic() + seconds
        while not task.done():
            left = deadline - time.monotonic()
            if left <= 0:
                self._silent = True
                raise Silent(f"no {what} in {seconds:.0f} s")
            self._loop.run_until_complete(asyncio.wait({task}, timeout=min(left, LOOK)))
            if not task.done():
                self._look()
        return task.result()

    def close(self) -> None:
        """Ends the connection; what it says of its end is nobody's. Quick where QEMU has ended."""
        if self._loop is not None:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            with suppress(Exception):  # it broke with the process: nothing left to close
                self._loop.run_until_complete(asyncio.wait_for(self._client.disconnect(), CLOSING_SECONDS))
            self._loop.close()
        self._socket.close()
