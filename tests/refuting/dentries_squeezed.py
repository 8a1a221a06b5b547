"""vfs-pressure-0-never: one dentry of 3,000 is reclaimed."""

from harness.false_evidence.made import Made

FILES = 3000


def looked_up(dentries: int) -> str:
    """A trace in which so many dentries were read anew."""
    return "  agent-1  [000] ...1.  16.000001: dentry_read: (ext4_lookup+0x0/0x10)\n" * dentries


def made(reclaimed: int) -> Made:
    return Made(records={"not squeezed": looked_up(0), "squeezed, vfs_cache_pressure 0": looked_up(reclaimed),
                         "squeezed, vfs_cache_pressure 100": looked_up(FILES)})


CONFIRMS = {"vfs-pressure-0-never": made(0)}
REFUTES = {"vfs-pressure-0-never": made(1)}
