"""What an agent answered in one run, to be answered again: faults of what it sends need no guest of their own."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.agent import wire
from harness.agent.agent import Info
from harness.errors import MachineLost
from harness.faults.shim import Answer, Shim, read_request


@dataclass
class Tape:
    """The replies of a run, by operation and target, in order; each with the ends of probes that came before it. Samples of a
    series are left out: they come at their times, which a tape does not keep.

    info: what the machine was.
    """

    info: Info
    replies: dict[tuple[str, int], list[list[wire.Reply]]] = field(default_factory=lambda: defaultdict(list))
    _unasked: list[wire.Reply] = field(default_factory=list)

    def hear(self, shim: Shim, answer: Answer) -> None:
        """Takes a reply down, and lets it pass."""
        if answer.request is None:
            if answer.reply.kind != wire.SAMPLE:
                self._unasked.append(answer.reply)
            return
        asked = answer.request
        self.replies[asked.operation, asked.target].append([*self._unasked, answer.reply])
        self._unasked.clear()


class Player:
    """The agent's end of a channel that is played from a tape: `socket` is the other end. It stands where a guest's QEMU does,
    and ends the channel at the first request that the tape has no reply to."""

    def __init__(self, tape: Tape, console: Path) -> None:
        self.socket, self._own = socket.socketpair()
        self.console = console
        self._left = {asked: deque(replies) for asked, replies in tape.replies.items()}
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def _play(self) -> None:
        with suppress(OSError, EOFError, IndexError, KeyError), self._own:
            while True:
                request = read_request(self._own)
                for reply in self._left[request.operation, request.target].popleft():
                    sequence = request.sequence if reply.sequence else 0
                    self._own.sendall(Answer(replace(reply, sequence=sequence), request).data)

    def lost(self, what: str) -> MachineLost:
        """Makes the error for a machine that is gone."""
        return MachineLost("guest", f"{what} (played from a tape)", "see the run's evidence")

    def processor_seconds(self) -> float:
        return time.process_time()

    def close(self) -> None:
        """Ends the channel, and waits for the player."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()
