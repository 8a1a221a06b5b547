"""What an experiment may do to this host, and why one is not run on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from harness.claims.needs import Needs
from harness.linux.sizes import GIB


@dataclass(frozen=True)
class Permissions:
    """What the user lets an experiment do to this host. changes: settings, swap, caches, disks, all restored
    afterwards; throwaway: also what may kill other processes or empty the memory; directory: where disks are made,
    None for the system's place for temporary files that are kept on disk."""

    changes: bool = False
    throwaway: bool = False
    directory: Path | None = None

    @property
    def place(self) -> Path:
        """Gives the directory for what is to lie on a disk: /tmp may be a tmpfs."""
        return (self.directory or Path("/var/tmp")).absolute()  # noqa: S108  a new directory in it, 0700


def swaps() -> list[str]:
    """Lists the swap areas of this host that are switched on, as /proc/swaps names them."""
    return [line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]]


def why_not(needs: Needs, permissions: Permissions) -> str | None:
    """Says why an experiment is not run on this host, None if it is; the reason names what to type."""
    root, memory = os.geteuid() == 0, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    changes = needs.changes + (("disk",) if any(disk.rate for disk in needs.disks) else ())
    if needs.root and not root:
        return "it needs root"
    if needs.throwaway and not permissions.throwaway:
        return (
            "it may kill other processes or empty the machine's memory: only with --throwaway-host, on a machine that may be lost"
        )
    if changes and not permissions.changes:
        return f"it changes {', '.join(sorted(set(changes)))} of this host: only with --allow-host-changes, which restores them"
    for what, have, want in (("processors", os.cpu_count() or 1, needs.cpus), ("NUMA nodes", _nodes(), needs.nodes)):
        if have < want:
            return f"it needs {want} {what}, this host has {have}: a guest has them"
    if memory < needs.memory * 3 // 4:  # what the kernel keeps for itself is not in it
        return f"it needs {needs.memory >> 20} MiB of memory, this host has {memory >> 20}: a guest has them"
    if needs.throwaway and needs.memory < GIB and memory > 2 * needs.memory:
        return f"it fills a machine of {needs.memory >> 20} MiB, this host has {memory >> 20}: a guest has that size"
    if any(disk.rate for disk in needs.disks):
        return "it needs a disk of limited speed: a guest has one"
    if "swap" in needs.changes and swaps():
        return "this host has swap of its own, which would take part: type swapoff -a first"
    lacking = [word for word in needs.append.split() if word not in Path("/proc/cmdline").read_text().split()]
    if lacking:
        return f"it needs {' '.join(lacking)} on the kernel's command line"
    return None


def _nodes() -> int:
    return max(1, len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))))
