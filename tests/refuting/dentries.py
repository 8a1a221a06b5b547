"""Names that are kept: one of those that do not exist is asked for again; one file's dentry or inode outlives drop_caches."""

from harness.false_evidence.made import Made

FILES = 3000
DENTRY, INODE = "dentry_read", "inode_read"


def looked_up(dentries: int, inodes: int) -> str:
    """A trace in which so many dentries and inodes were read anew."""
    return "".join(f"  agent-1  [000] ...1.  16.000001: {event}: (ext4_lookup+0x0/0x10)\n"
                   for event, times in ((DENTRY, dentries), (INODE, inodes)) for _ in range(times))


def made(again: int, dentries: int, inodes: int) -> Made:
    """So many names are asked of ext4 again; so many dentries and inodes are read anew after 2 at vfs_cache_pressure 0."""
    return Made(records={"nothing written": looked_up(0, 0), "2 written, vfs_cache_pressure 0": looked_up(dentries, inodes),
                         "2 written, vfs_cache_pressure 100": looked_up(FILES, FILES),
                         "looked up for the first time": looked_up(FILES, 0), "looked up again": looked_up(again, 0),
                         "negative dentries": FILES},
                counters={"before": {"meminfo:SReclaimable": 10_000}, "after": {"meminfo:SReclaimable": 10_600}})


CONFIRMS = {"cache-negative-dentries": made(0, 0, 0), "vfs-pressure-0-drop": made(0, FILES, FILES)}
REFUTES = {"cache-negative-dentries": made(1, 0, 0), "vfs-pressure-0-drop": made(0, FILES, FILES - 1)}
