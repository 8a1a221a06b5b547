"""Which file something is, and which dentries and inodes of files the kernel holds."""

from __future__ import annotations

import os

from harness.agent.operations import numbers
from harness.claims.quantities import Derived, Quantity
from harness.claims.said import FILE_SYSTEM
from harness.evidence.recording import Recording
from harness.lab import tracing
from harness.lab.lab import Lab
from harness.linux import mounts, trace_events


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


def is_mounted(lab: Lab, path: str) -> bool:
    """Says whether something is mounted at a path."""
    return any(mount.point == path for mount in mounts.parse(lab.read(mounts.PATH)))


def space(lab: Lab, path: str) -> tuple[int, int]:
    """Gives how many pages the file system at a path may hold, and how many of them are free, as statfs(2) has it."""
    _, block, blocks, free, *_ = numbers(lab.hand.statfs(path).text)
    return blocks * block // lab.page_size, free * block // lab.page_size


def _field(name: str, field: str, title: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        found = recording.records.get(f"{name}: file")
        return None if found is None else int(found[field])

    return Derived(title, read)


def file_system(name: str, title: str) -> Quantity:
    """Reads the magic number of an identified file's file system (statfs(2))."""
    return _field(name, "file system", title).called(title, FILE_SYSTEM)


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


# What the kernel calls for each dentry of an ext4 file that it does not hold (fs/ext4/namei.c, ext4_lookup), and for each
# inode (fs/ext4/super.c, ext4_alloc_inode), as events of ours. The sums of all dentries and inodes say less: what the lab
# looks up itself meanwhile, and what else goes, hides as many of the files' own.
READ_ANEW = {"dentries": ("dentry_read", "ext4_lookup"), "inodes": ("inode_read", "ext4_alloc_inode")}


def watch_lookups(lab: Lab) -> None:
    """Makes the events of READ_ANEW. Skips where they can't be made."""
    for event, function in READ_ANEW.values():
        tracing.at(lab.hand, event, function)


def look_up(lab: Lab, directory: str, count: int, name: str) -> None:
    """Looks up the `count` files that populate_dir made in a directory, each once, and records under `name` what of them
    was not in memory."""
    lab.hand.stat(directory)  # its own dentry and inode are not among them
    with lab.trace(name, *(f"kprobes:{event}" for event, _ in READ_ANEW.values())):
        lab.hand.populate_dir(directory, count, 0)


def read_anew(kind: str, name: str, title: str) -> Quantity:
    """Counts the dentries or inodes that were read anew when the files were looked up."""

    def read(recording: Recording) -> int | None:
        events = trace_events.events(recording, name)
        return None if events is None else sum(event.name == READ_ANEW[kind][0] for event in events)

    return Derived(title, read, kind)


def still_held(kind: str, name: str, count: int, title: str) -> Quantity:
    """Counts the dentries or inodes of `count` files that were in memory when they were looked up."""
    anew = read_anew(kind, name, title)
    return (anew * -1 + count).called(title, kind)
