"""What a machine is to the lab: the same for a throw-away guest and for the host itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from harness.agent.agent import Agent, Info
from harness.machine.kernels.modules import Module
from harness.machine.slots import Place


class Machine(Protocol):
    """Where an experiment runs.

    name, accelerator: as they stand in verdicts. boots: how many boots it took (more than 1: counted retries);
    restored: whether from a snapshot. groups: the cgroup below which its sandboxes are made. pinned: settings that the
    machine itself has set, for the probes at least; left: those that stay as they are, since nothing depends on them
    here. idle: nanoseconds between the two samples that show what moves by itself. facts: what else a reader of the
    evidence should know of it. place: its own among those that work, None where it has none to give.
    """

    name: str
    accelerator: str
    agent: Agent
    info: Info
    boots: int
    restored: bool
    idle: int
    place: Place | None

    @property
    def groups(self) -> str: ...

    @property
    def pinned(self) -> Mapping[str, str]: ...

    @property
    def left(self) -> frozenset[str]: ...

    @property
    def facts(self) -> Mapping[str, Any]: ...

    def device(self, name: str) -> str:
        """Gives the block device of a disk that the experiment needs. Raises LabError for one that it did not name."""
        ...

    def modules(self, wanted: Sequence[str]) -> list[Module]:
        """Gives the kernel's modules of these names and all that they depend on, in the order in which they can be inserted;
        what is built in or there already is left out. Raises Skip for one that the kernel does not have."""
        ...

    def environment(self, malloc: str) -> dict[str, str]:
        """Gives the variables with which a program there uses that allocator (a value of Settings.malloc)."""
        ...

    def processor_seconds(self) -> float | None:
        """Gives the seconds of this host's processors that it has used so far; None of one that has ended."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """Gives its place among the machines that work to others during a block. A guest's time stands still afterwards until
        it has one again; this host keeps its place."""
        ...

    def quiet(self) -> AbstractContextManager[None]:
        """Has a processor for each guest that works, whosever it is, during a block. A guest's time stands still until then."""
        ...

    def close(self) -> None: ...
