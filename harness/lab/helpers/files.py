"""Which file something is, and how many dentries and inodes the kernel holds."""

from __future__ import annotations

import os

from harness.agent.operations import numbers
from harness.claims.quantities import Derived, Quantity, Recorded
from harness.evidence.recording import Recording
from harness.lab.lab import Lab
from harness.linux import mounts


def identify(lab: Lab, name: str, path: str) -> None:
    """Records which file is behind a path, as stat(2) and statfs(2) have it; the links of /proc/PID/fd and
    /proc/PID/map_files lead to what a process has opened or mapped."""
    device, inode, _, links = numbers(lab.hand.stat(path).text)[:4]
    lab.record(f"{name}: file", {"file system": lab.hand.statfs(path).value, "device": device, "inode": inode, "links": links})


def mounted_type(lab: Lab, path: str) -> str | None:
    """Names the type of the file system mounted where a file lies, as mount(8) does: statfs(2) has one number for tmpfs
    and devtmpfs (drivers/base/devtmpfs.c, v5.10 to v6.12: with CONFIG_TMPFS it is made by mm/shmem.c)."""
    device = numbers(lab.hand.stat(path).text)[0]
    numbered = f"{os.major(device)}:{os.minor(device)}"
    return next((mount.kind for mount in mounts.parse(lab.read(mounts.PATH)) if mount.device == numbered), None)


def _field(name: str, field: str, title: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        found = recording.records.get(f"{name}: file")
        return None if found is None else int(found[field])

    return Derived(title, read)


def file_system(name: str, title: str) -> Quantity:
    """Reads the magic number of an identified file's file system (statfs(2))."""
    return _field(name, "file system", title)


def links(name: str, title: str) -> Quantity:
    """Reads how many names an identified file has."""
    return _field(name, "links", title)


def same_file(first: str, second: str, title: str) -> Quantity:
    """Reads 1 if both are one file, the same inode of the same device, else 0."""

    def read(recording: Recording) -> int | None:
        one, other = (recording.records.get(f"{name}: file") for name in (first, second))
        if one is None or other is None:
            return None
        return int(all(one[field] == other[field] for field in ("device", "inode")))

    return Derived(title, read)


# Sums over the processors, so exact (fs/dcache.c, get_nr_dentry; fs/inode.c, get_nr_inodes).
OBJECTS = {"dentries": "/proc/sys/fs/dentry-state", "inodes": "/proc/sys/fs/inode-nr"}

# How many of them the lab looks up itself between two counts, below /proc and /sys (measured on four kernels: 6 at most).
OWN_LOOKUPS = 16


def count_objects(lab: Lab, moment: str) -> None:
    """Records how many dentries and inodes there are at a moment."""
    for kind, path in OBJECTS.items():
        lab.record(f"{kind} {moment}", int(lab.read(path).split()[0]))


def objects_lost(kind: str, since: str, until: str, title: str) -> Quantity:
    """Counts how many fewer dentries or inodes there were at `until`."""
    return (Recorded(f"{kind} {since}", kind) - Recorded(f"{kind} {until}")).called(f"{kind} lost {title}")


def objects_more(kind: str, since: str, until: str, title: str) -> Quantity:
    """Counts how many more dentries or inodes there were at `until`."""
    return (Recorded(f"{kind} {until}", kind) - Recorded(f"{kind} {since}")).called(f"{kind} {title}")
