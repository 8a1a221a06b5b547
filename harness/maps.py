"""/proc/PID/maps: the mappings of a process. Pure. Columns: Documentation/filesystems/proc.rst."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.quantities import Derived

if TYPE_CHECKING:
    from harness.evidence import Recording


@dataclass(frozen=True)
class Mapping:
    """One line: addresses (end excluded), access ("r-xp"), offset in bytes, inode (0: no file), path or "[heap]"."""

    start: int
    end: int
    access: str
    offset: int
    inode: int
    path: str

    def holds(self, address: int) -> bool:
        return self.start <= address < self.end


def parse(text: str) -> list[Mapping]:
    found = []
    for line in text.splitlines():
        words = line.split(maxsplit=5)
        start, end = (int(word, 16) for word in words[0].split("-"))
        path = words[5] if len(words) > 5 else ""
        found.append(Mapping(start, end, words[1], int(words[2], 16), int(words[4]), path))
    return found


def count(probe: str, sample: str, what: Callable[[Recording, Mapping], bool], title: str) -> Derived:
    """How many mappings of a probe at a named moment `what` picks; None if its maps were not read (or it was gone)."""

    def function(recording: Recording) -> int | None:
        text = recording.text(sample, f"{probe}/maps")
        return sum(what(recording, one) for one in parse(text)) if text else None

    return Derived(title, function, "mappings")


def named(probe: str, sample: str, path: str, title: str) -> Derived:
    """How many mappings have this path, or kernel's name ("[heap]")."""
    return count(probe, sample, lambda _, mapping: mapping.path == path, title)
