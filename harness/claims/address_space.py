"""Quantities of address spaces: the mappings of a process (/proc/PID/maps), and the frames that ranges share. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from harness.claims import picture
from harness.claims.quantities import Derived, Still, in_pages
from harness.evidence.recording import Number, Recording
from harness.linux import maps


@dataclass(frozen=True)
class SameFrames(Still):
    """How many pages of two ranges have the same physical frame, page by page, at a named moment.

    until: the second range is looked at then; with the same range twice: how many pages stayed where they were.
    """

    PICTURE: ClassVar[str] = picture.PAGE_MAP
    sample: str
    first: str
    second: str
    arm: str = ""
    until: str = ""

    def of(self, recording: Recording) -> Number | None:
        return recording.same_frames(self.sample, self.first, self.second, self.until or self.sample)

    @property
    def name(self) -> str:
        since = f"“{self.sample}”" + (f" and “{self.until}”" if self.until else "")
        return f"pages that {self.first} and {self.second} share at {since}"


@dataclass(frozen=True)
class Smaps(Still):
    """What /proc/PID/smaps says under a key (Rss, Pss, Swap, Private_Dirty, AnonHugePages …) of the mappings that a region lies
    in, at a moment that was sampled with it (`lab.sample(…, smaps={label: region})`)."""

    sample: str
    label: str
    key: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        text = recording.smaps(self.sample, self.label)
        found = [int(value) for value in re.findall(rf"^{re.escape(self.key)}: +(\d+)", text or "", re.M)]
        return in_pages(sum(found), "KiB", recording.page_size) if found else None

    @property
    def name(self) -> str:
        return f"{self.key} of {self.label} at “{self.sample}”"


@dataclass(frozen=True)
class MappedPages(Still):
    """How many pages of a process's ranges lie in mappings that `which` picks from its /proc/PID/maps.

    ranges: the record that lists them, [address, length] each in bytes.
    """

    sample: str
    process: str
    ranges: str
    which: Callable[[maps.Mapping], bool]
    title: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        text, ranges = recording.text(self.sample, f"{self.process}/maps"), recording.records.get(self.ranges)
        if text is None or ranges is None:
            return None
        picked = [mapping for mapping in maps.parse(text) if self.which(mapping)]
        size = sum(
            max(0, min(mapping.end, address + length) - max(mapping.start, address))
            for address, length in ranges
            for mapping in picked
        )
        return int(size // recording.page_size)

    @property
    def name(self) -> str:
        return self.title


def mappings(probe: str, sample: str, what: Callable[[Recording, maps.Mapping], bool], title: str) -> Derived:
    """Counts the mappings of a probe at a named moment that `what` picks: None if its maps were not read (or it was gone)."""

    def function(recording: Recording) -> int | None:
        text = recording.text(sample, f"{probe}/maps")
        return sum(what(recording, one) for one in maps.parse(text)) if text else None

    return Derived(title, function, "mappings")


def named_mappings(probe: str, sample: str, path: str, title: str) -> Derived:
    """Counts the mappings that have this path, or kernel's name ("[heap]")."""
    return mappings(probe, sample, lambda _, mapping: mapping.path == path, title)
