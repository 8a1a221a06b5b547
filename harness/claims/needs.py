"""What an experiment needs of a machine, and what it changes there."""

from __future__ import annotations

from dataclasses import dataclass

from harness.linux.sizes import GIB


@dataclass(frozen=True)
class Disk:
    """A disk of a machine: its name, what is on it ("ext4", "swap", "raw"), its size in bytes, ext4's block size
    in bytes. rate: bytes a second that the device may move, None for no limit."""

    name: str
    kind: str
    size: int
    block: int = 4096
    rate: int | None = None


DISK = Disk("disk", "ext4", 1 * GIB)
SWAP = Disk("swap", "swap", 1 * GIB)


@dataclass(frozen=True)
class Needs:
    """The machine that an experiment asks for; what is missing makes it skipped, with that reason.

    memory: bytes. nodes: NUMA nodes. disks: in order, by name. files: that must exist on the machine (interfaces of
    the kernel). programs: of the host's, by path, that go into the guest (real tools as witnesses). changes: what
    is touched outside the sandbox ("drop_caches", "sysctl", "swap", "mount", "thp", "lru"). throwaway: may kill
    other processes or empty the machine's memory. system: only an installed system can answer. architectures: that can
    answer, as `uname -m` says them (none: all can).
    """

    memory: int = 1 * GIB
    cpus: int = 1
    nodes: int = 1
    disks: tuple[Disk, ...] = (DISK, SWAP)
    files: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    root: bool = True
    changes: tuple[str, ...] = ()
    throwaway: bool = False
    system: bool = False
    architectures: tuple[str, ...] = ()
    append: str = ""
