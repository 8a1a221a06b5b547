"""The mappings of a process, from /proc/PID/maps (proc(5)). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.errors import LabError

_LINE = re.compile(
    r"([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-])([w-])([x-])([ps]) ([0-9a-f]{1,16}) [0-9a-f]+:[0-9a-f]+ (\d{1,20}) *([^\n]*)",
    re.ASCII,
)


@dataclass(frozen=True)
class Mapping:
    """One mapping: start, end, offset in its file in bytes; inode 0: of no file; shared: MAP_SHARED."""

    start: int
    end: int
    read: bool
    write: bool
    execute: bool
    shared: bool
    offset: int
    inode: int
    path: str

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def text(self) -> bool:
        """Says whether it is executable memory of a file, not to be written: a program's or a library's code (r-x)."""
        return self.execute and not self.write and bool(self.inode)

    def covers(self, address: int) -> bool:
        return self.start <= address < self.end


def parse(text: str) -> list[Mapping]:
    """Lists every mapping, by address. Raises LabError for a line that is none."""
    return list(_mappings(text))


def _mappings(text: str) -> Iterator[Mapping]:
    for line in text.removesuffix("\n").split("\n") if text else ():
        found = _LINE.fullmatch(line)
        if not found:
            raise LabError("mappings of a process", f"no line of /proc/PID/maps: {line[:200]!r}", "see the run's evidence")
        start, end, read, write, execute, kind, offset, inode, path = found.groups()
        yield Mapping(
            int(start, 16),
            int(end, 16),
            read == "r",
            write == "w",
            execute == "x",
            kind == "s",
            int(offset, 16),
            int(inode),
            path,
        )


def flagged(smaps: str) -> list[tuple[Mapping, frozenset[str]]]:
    """Lists every mapping of /proc/PID/smaps with its flags (VmFlags). Raises LabError for one that has none."""
    found: list[tuple[Mapping, frozenset[str]]] = []
    heads = [line for line in smaps.splitlines() if _LINE.fullmatch(line)]
    flags = re.findall(r"^VmFlags: *(.*)$", smaps, re.M)
    if len(heads) != len(flags):
        reason = f"{len(heads)} mappings have {len(flags)} rows of flags"
        raise LabError("mappings of a process", reason, "see the run's evidence")
    for head, names in zip(_mappings("\n".join(heads)), flags, strict=True):
        found.append((head, frozenset(names.split())))
    return found


def overlapping(smaps: str, start: int, end: int) -> str:
    """Gives the part of /proc/PID/smaps that is about the mappings that lie in a range of addresses, wholly or in part."""
    found, inside = [], False
    for line in smaps.splitlines(keepends=True):
        if head := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = int(head[1], 16) < end and start < int(head[2], 16)
        if inside:
            found.append(line)
    return "".join(found)
