"""How many dentries and inodes the kernel holds. Sums over the processors, so exact (fs/dcache.c, get_nr_dentry;
fs/inode.c, get_nr_inodes)."""

from __future__ import annotations

from harness.claims.quantities import Quantity, Recorded
from harness.procedure import Lab

KINDS = {"dentries": "/proc/sys/fs/dentry-state", "inodes": "/proc/sys/fs/inode-nr"}

# How many of them the lab looks up itself between two counts, below /proc and /sys (measured on four kernels: 6 at most).
OWN = 16


def count(lab: Lab, moment: str) -> None:
    """Records both numbers of a moment."""
    for kind, path in KINDS.items():
        lab.record(f"{kind} {moment}", int(lab.read(path).split()[0]))


def lost(kind: str, since: str, until: str, title: str) -> Quantity:
    """How many fewer there were at `until`."""
    return (Recorded(f"{kind} {since}", kind) - Recorded(f"{kind} {until}")).called(f"{kind} lost {title}")


def more(kind: str, since: str, until: str, title: str) -> Quantity:
    """How many more there were at `until`."""
    return (Recorded(f"{kind} {until}", kind) - Recorded(f"{kind} {since}")).called(f"{kind} {title}")
