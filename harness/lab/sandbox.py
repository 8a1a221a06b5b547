"""The sandbox: a cgroup-v2 group with limits, in which probes are born; removed on every way out."""

from __future__ import annotations

import time
from types import TracebackType

from harness.agent.target import Target
from harness.errors import LabError
from harness.linux.counters import CONTROLLERS

UNLIMITED = "max"


def prepare(hand: Target, root: str) -> None:
    """Gives the groups below `root` the controllers that the machine has. Raises LabError if memory is not one."""
    hand.attempt.mkdir(root)
    for directory in (root.rsplit("/", 1)[0], root):
        for controller in CONTROLLERS:
            hand.attempt.put(f"{directory}/cgroup.subtree_control", f"+{controller}")
    enabled = hand.slurp(f"{root}/cgroup.subtree_control").text.split()
    if b"memory" not in enabled:
        raise LabError(
            f"cgroup {root}",
            "the memory controller can't be enabled for it",
            "build the kernel with CONFIG_MEMCG, or see `invoke doctor`",
        )


class Sandbox:
    """A group `name` below `root`. Limits are in bytes, None leaves them open.

    A context manager: leaving kills what is in it and removes it.
    """

    def __init__(
        self,
        hand: Target,
        root: str,
        name: str,
        *,
        limit: int | None = None,
        high: int | None = None,
        low: int | None = None,
        minimum: int | None = None,
        swap: int | None = None,
        oom_group: bool = False,
        pids: int | None = None,
    ) -> None:
        self.hand, self.name = hand, name
        self.path = f"{root}/{name}"
        self._removed = False
        hand.mkdir(self.path)
        for file, value in (
            ("memory.max", limit),
            ("memory.high", high),
            ("memory.low", low),
            ("memory.min", minimum),
            ("memory.swap.max", swap),
            ("pids.max", pids),
        ):
            if value is not None:
                self.set(file, str(value))
        if oom_group:
            self.set("memory.oom.group", "1")

    def set(self, file: str, value: str) -> None:
        self.hand.put(f"{self.path}/{file}", value)

    def read(self, file: str) -> str | None:
        """Reads a file's text, None where the kernel has no such file."""
        reply = self.hand.attempt.slurp(f"{self.path}/{file}")
        return None if reply.error else reply.text.decode()

    def _kill(self) -> None:
        """Kills all by cgroup.kill (since 5.14); before, they are frozen and killed one by one."""
        if not self.hand.attempt.put(f"{self.path}/cgroup.kill", "1").error:
            return
        self.hand.attempt.put(f"{self.path}/cgroup.freeze", "1")
        for pid in (self.read("cgroup.procs") or "").split():
            self.hand.attempt.kill(int(pid), 9)
        self.hand.attempt.put(f"{self.path}/cgroup.freeze", "0")

    def remove(self, seconds: float = 10) -> None:
        """Kills its processes and removes it, once; raises LabError if it stays."""
        if self._removed:
            return
        self._kill()
        deadline = time.monotonic() + seconds
        while (reply := self.hand.attempt.rmdir(self.path)).error:
            if time.monotonic() > deadline:
                raise LabError(f"cgroup {self.path}", f"can't be removed (errno {reply.error})", "remove it by hand")
            self.hand.sleep(2_000_000)
        self._removed = True

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.remove()
