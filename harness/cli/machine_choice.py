"""Which machine the user asked for: guests, or this host, and what may be done to it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import Unavailable, UsageError
from harness.machine.guest import qemu
from harness.machine.host import local
from harness.machine.host.permissions import Permissions

MACHINES = ("auto", "vm", "local")


def permissions(
    machine: str, kernels: Sequence[str | None], changes: bool, throwaway: bool, directory: str | None
) -> Permissions | None:
    """What may be done to this host, None for guests: they are the machine wherever they can run, unless this host is
    asked for. Raises UsageError for what contradicts itself, Unavailable where this host can't be the machine."""
    if machine not in MACHINES:
        raise UsageError(f"--machine {machine}", f"there are the machines {', '.join(MACHINES)}", "leave it out")
    asked, named = changes or throwaway, any(name is not None for name in kernels)
    if machine == "vm" and asked:
        raise UsageError("--allow-host-changes", "a guest changes nothing of this host", "leave out --machine vm")
    if named and (machine == "local" or asked):
        raise UsageError("--kernel", "this host has one kernel", "leave it out, or use --machine vm")
    if directory is not None and not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(
            f"--directory {directory}",
            "there is no such directory that can be written to",
            "name one on the disk that is in question",
        )
    if machine == "vm" or named or (machine == "auto" and not asked and qemu.guests()):
        if directory is not None:
            raise UsageError(f"--directory {directory}", "guests have disks of their own", "add --machine local")
        return None
    try:
        local.require()
    except Unavailable:
        if machine == "auto" and not asked:
            return None  # neither can be: how to have guests, which need nothing of this host, is the better answer
        raise
    return Permissions(asked, throwaway, Path(directory) if directory else None)
