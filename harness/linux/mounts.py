"""The mounts that a process sees, from /proc/PID/mountinfo (proc_pid_mountinfo(5)). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from harness.errors import LabError

PATH = "/proc/self/mountinfo"
# A blank, tab, newline, backslash or "#" in a field stands as its octal number (fs/proc_namespace.c, mangle, v6.12).
_ESCAPE = re.compile(r"\\([0-7]{3})")
_OPTIONAL = 6  # from this field on, until a "-"


@dataclass(frozen=True)
class Mount:
    """One mount. number, parent: its id and that of the mount it stands on; device: "major:minor"; root: what of the file
    system is mounted; point: where; kind: of file system, as mount(8) names it; source: what it was mounted from."""

    number: int
    parent: int
    device: str
    root: str
    point: str
    options: tuple[str, ...]
    kind: str
    source: str
    super_options: tuple[str, ...]


def parse(text: str) -> list[Mount]:
    """Gives every mount, as they are listed: of two at one point the later one lies over the other. Raises LabError for a
    line that is none."""
    return [_mount(line) for line in text.split("\n") if line]


def _mount(line: str) -> Mount:
    fields = line.split(" ")
    try:
        end = fields.index("-", _OPTIONAL)
        number, parent, device, root, point, options = fields[:_OPTIONAL]
        kind, source, super_options = fields[end + 1 : end + 4]
        return Mount(
            int(number),
            int(parent),
            device,
            _plain(root),
            _plain(point),
            tuple(options.split(",")),
            _plain(kind),
            _plain(source),
            tuple(map(_plain, super_options.split(","))),
        )
    except ValueError as error:
        raise LabError("mounts", f"no line of mountinfo: {line[:200]!r}", "see proc_pid_mountinfo(5)") from error


def _plain(field: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), field)


def holding(mounts: Iterable[Mount], path: PurePath) -> Mount | None:
    """Finds the mount that an absolute path without symbolic links lies on: the deepest, of several there the latest."""
    return max(
        (mount for mount in reversed(list(mounts)) if path.is_relative_to(mount.point)),
        key=lambda mount: len(PurePath(mount.point).parts),
        default=None,
    )
