"""The sandbox: a cgroup-v2 group with limits, in which probes are born; removed on every way out. Groups stand in trees."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from harness.agent.target import Target
from harness.errors import LabError, Skip
from harness.linux.counters import CONTROLLERS, keyed

if TYPE_CHECKING:
    from harness.lab.probe import Probe

UNLIMITED = "max"


def prepare(hand: Target, root: str) -> None:
    """Gives the groups below `root` the controllers that the machine has. Raises LabError if memory is not one."""
    hand.attempt.mkdir(root)
    for directory in (root.rsplit("/", 1)[0], root):
        for controller in CONTROLLERS:
            hand.attempt.put(f"{directory}/cgroup.subtree_control", f"+{controller}")
    if "memory" not in enabled(hand, root):
        raise LabError(
            f"cgroup {root}",
            "the memory controller can't be enabled for it",
            "build the kernel with CONFIG_MEMCG, or see `invoke doctor`",
        )


def enabled(hand: Target, group: str) -> list[str]:
    """Lists the controllers that a group gives to its children."""
    return hand.slurp(f"{group}/cgroup.subtree_control").text.decode().split()


def enable(hand: Target, root: str, controller: str) -> None:
    """Gives the groups below `root` one more controller. Skips where the kernel, or this host, has none of that name."""
    for directory in (root.rsplit("/", 1)[0], root):
        if hand.attempt.put(f"{directory}/cgroup.subtree_control", f"+{controller}").error:
            raise Skip(f"groups here can't have the {controller} controller")


class Sandbox:
    """A group `name`, below `root` or below the group `parent`.

    files: what is written to the group's own files, by their names with _ for "." (memory_max=64 * MIB, memory_swap_max=0,
    memory_oom_group=1, pids_max=4), in this order. controllers: others than CONTROLLERS, which the group's parents must
    give it ("io", "hugetlb"); Skip is raised where there is none of that name.

    removed: is called once it is gone. A context manager: leaving kills what is in it and removes it, its children first.
    """

    def __init__(
        self,
        hand: Target,
        root: str,
        name: str,
        parent: Sandbox | None = None,
        controllers: tuple[str, ...] = (),
        **files: int | str,
    ) -> None:
        self.hand, self.name, self.root = hand, name, root
        self.path: str = f"{parent.path if parent else root}/{name}"
        self.children: list[Sandbox] = []
        self.removed: Callable[[], None] = lambda: None
        self._removed = False
        for controller in controllers:
            enable(hand, root, controller)
        if parent:
            parent.adopt(self)
        hand.mkdir(self.path)
        for file, value in files.items():
            self.set(file.replace("_", "."), str(value))

    def adopt(self, child: Sandbox) -> None:
        """Gives a new group below this one all controllers that this one has. Raises LabError where it holds processes: a group
        can't have both (Documentation/admin-guide/cgroup-v2.rst, "No Internal Process Constraint")."""
        available = (self.read("cgroup.controllers") or "").split()
        if missing := [name for name in available if name not in enabled(self.hand, self.path)]:
            reply = self.hand.attempt.put(f"{self.path}/cgroup.subtree_control", " ".join(f"+{name}" for name in missing))
            if reply.error == errno.EBUSY:
                raise LabError(
                    f"sandbox {child.name!r}",
                    f"{self.name!r} holds processes, so no group below it can have limits",
                    "start the probes in a child of it",
                )
            if reply.error:
                raise LabError(f"sandbox {child.name!r}", f"its controllers: {os.strerror(reply.error)}", "see the evidence")
        self.children.append(child)

    def set(self, file: str, value: str) -> None:
        self.hand.put(f"{self.path}/{file}", value)

    def read(self, file: str) -> str | None:
        """Reads a file's text, None where the kernel has no such file."""
        reply = self.hand.attempt.slurp(f"{self.path}/{file}")
        return None if reply.error else reply.text.decode()

    def events(self, event: str) -> int:
        """Tells how many of an event ("max", "oom_kill") memory.events has counted so far. Raises KeyError for one that this
        kernel has not."""
        return keyed((self.read("memory.events") or "").encode())[event]

    def move(self, probe: Probe) -> None:
        """Moves a probe from whatever group it is in to this one; what it was charged for stays where it was."""
        self.set("cgroup.procs", str(probe.pid))

    def _kill(self) -> None:
        """Kills all by cgroup.kill (since 5.14); before, they are frozen and killed one by one."""
        if not self.hand.attempt.put(f"{self.path}/cgroup.kill", "1").error:
            return
        self.hand.attempt.put(f"{self.path}/cgroup.freeze", "1")
        for pid in (self.read("cgroup.procs") or "").split():
            self.hand.attempt.kill(int(pid), 9)
        self.hand.attempt.put(f"{self.path}/cgroup.freeze", "0")

    def remove(self, seconds: float = 10) -> None:
        """Kills its processes and removes it, once, and the groups below it before; raises LabError if it stays."""
        if self._removed:
            return
        for child in reversed(self.children):
            child.remove(seconds)
        self._kill()
        deadline = time.monotonic() + seconds
        while (reply := self.hand.attempt.rmdir(self.path)).error:
            if time.monotonic() > deadline:
                raise LabError(f"cgroup {self.path}", f"can't be removed (errno {reply.error})", "remove it by hand")
            self.hand.sleep(2_000_000)
        self._removed = True
        self.removed()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.remove()
