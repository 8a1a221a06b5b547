"""What an experiment needs of a machine, and what it changes there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.claims.counter_file import CounterFile
from harness.linux.sizes import GIB, MIB


@dataclass(frozen=True)
class Disk:
    """A disk of a machine: its name, what is on it ("ext4", "swap", "raw"), its size in bytes, ext4's block size
    in bytes (None: a page of the machine's). rate: bytes a second that the device may move, None for no limit."""

    name: str
    kind: str
    size: int
    block: int | None = None
    rate: int | None = None


DISK = Disk("disk", "ext4", 1 * GIB)
SWAP = Disk("swap", "swap", 1 * GIB)


@dataclass(frozen=True)
class Needs:
    """The machine that an experiment asks for; what is missing makes it skipped, with that reason.

    memory: bytes, of a guest with pages of 4 KiB; with larger ones it gets more (harness/run/cell.py). nodes: NUMA nodes.
    disks: in order, by name. files: that must exist on the machine (interfaces of the kernel). programs: of the host's, by path,
    that go into the guest (real tools as witnesses). changes: what is touched outside the sandbox ("drop_caches", "sysctl",
    "swap", "mount", "thp", "lru"). throwaway: may kill other processes or empty the machine's memory. system: only an installed
    system can answer. architectures: that can answer, as `uname -m` says them (none: all can). page_sizes: that its sizes and
    bounds are reasoned for, in bytes (none: all).
    """

    memory: int = 1 * GIB
    cpus: int = 1
    nodes: int = 1
    disks: tuple[Disk, ...] = (DISK, SWAP)
    files: tuple[str, ...] = ()
    counters: tuple[CounterFile, ...] = ()
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    root: bool = True
    changes: tuple[str, ...] = ()
    throwaway: bool = False
    system: bool = False
    architectures: tuple[str, ...] = ()
    page_sizes: tuple[int, ...] = ()
    append: str = ""

    @property
    def said(self) -> str:
        """Says what an experiment asks for beyond the ordinary, and what it changes."""
        parts = [f"{self.memory >> 20} MiB"]
        if self.cpus > 1:
            parts.append(f"{self.cpus} processors")
        if self.nodes > 1:
            parts.append(f"{self.nodes} NUMA nodes")
        parts += [path.rpartition("/")[2] for path in self.programs] + list(self.files)
        if self.system:
            parts.append("an installed system")
        if self.changes:
            parts.append("changes " + ", ".join(self.changes))
        return "; ".join(parts)

    def with_disks(self, size: int | None = None, rate: int | None = None) -> Needs:
        """Gives the same with disks of another size or rate, bytes and bytes a second: all but those for swap."""
        changed = tuple(
            disk if disk.kind == "swap" else replace(disk, size=size or disk.size, rate=rate or disk.rate) for disk in self.disks
        )
        return replace(self, disks=changed)

    def disk_conditions(self) -> dict[str, str]:
        """Maps disk_size and disk_rate to those of the first disk that is not for swap, in MiB and MiB/s, as --set has them;
        without a limit there is no rate."""
        disk = next((disk for disk in self.disks if disk.kind != "swap"), None)
        found = {"disk_size": disk.size, "disk_rate": disk.rate} if disk else {}
        return {name: f"{value / MIB:g}" for name, value in found.items() if value is not None}
