"""The settings of a trial: pinned on its machine before anything is measured, and read back."""

from __future__ import annotations

import os

from harness.agent.agent import DENIALS
from harness.claims import settings as known
from harness.claims.needs import Needs
from harness.claims.settings import Settings
from harness.errors import LabError, Skip
from harness.lab.system import System


class Absent(Skip):
    """The kernel does not have the setting that this cell is about: there is no row for it."""


def pin(system: System, settings: Settings, needs: Needs) -> dict[str, str | None]:
    """Sets what is pinned and reads every setting back. Raises Absent where the kernel has no such setting."""
    machine = system.machine
    for name, path in known.PATHS.items():
        value, text = settings.pins().get(path), system.find(path)
        if value is None or name in {*machine.pinned, *machine.left} or known.stands(name, text, value):
            continue
        reply = system.hand.attempt.put(path, value)
        if reply.error and name == "lru" and settings.lru == "mglru":
            raise Absent("this kernel has no multi-generational LRU")
        if reply.error and text is not None and name != "thp":
            remedy = "run as root" if reply.error in DENIALS else "this kernel has no such value: leave it out of --set"
            raise LabError(path, f"{value} can't be set: {os.strerror(reply.error)}", remedy)
    found: dict[str, str | None] = {name: known.read_back(name, system.find(path)) for name, path in known.PATHS.items()}
    return {
        **found,
        **machine.pinned,
        "malloc": settings.malloc,
        "memory": str(needs.memory),
        "cpus": str(needs.cpus),
    }
