"""The text of the kernel's event trace as events. Pure.

A line is "TASK-PID [CPU] FLAGS SECONDS: EVENT: NAME=VALUE …" (Documentation/trace/ftrace.rst and events.rst).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from sys import intern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.evidence.recording import Recording

_LINE = re.compile(
    r"\s*(?P<task>.+)-(?P<pid>\d{1,10})\s+\[(?P<cpu>\d+)\]\s+\S+\s+(?P<time>\d{1,12}\.\d{1,9}): (?P<name>\w+): (?P<rest>.*)",
    re.ASCII,
)
_FIELD = re.compile(r"(\w+)=([^\s,]+)")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: who was running, when (seconds), what it is called, and the whole text behind its name. What stands in the
    text is looked up there: a trace has 100,000 events, of which most are asked for one field."""

    task: str
    pid: int
    time: float
    name: str
    text: str = ""

    @property
    def fields(self) -> dict[str, int | str]:
        """Gives the event's fields, as numbers where they are numbers."""
        return {name: _value(value) for name, value in _FIELD.findall(self.text)}

    def number(self, field: str) -> int:
        """Gives a field that is a number. Raises KeyError or TypeError if it is none."""
        found = _field(field).findall(self.text)
        if not found:
            raise KeyError(field)
        value = _value(found[-1])
        if isinstance(value, str):
            raise TypeError(f"{self.name}: {field} is no number: {value!r}")
        return value


def _value(text: str) -> int | str:
    try:
        return int(text, 0)
    except ValueError:
        return text


@cache
def _field(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}=([^\s,]+)")


def parse(text: str) -> tuple[Event, ...]:
    """Lists every event of a trace, in its order."""
    return tuple(
        Event(intern(found["task"].strip()), int(found["pid"]), float(found["time"]), intern(found["name"]), found["rest"])
        for line in text.splitlines()
        if (found := _LINE.fullmatch(line))
    )


@dataclass(frozen=True)
class Request:
    """What a task gave a block device to do: reading or writing, from `sector` on, so many sectors of 512 bytes."""

    task: str
    device: str
    write: bool
    sector: int
    sectors: int


# TP_printk of block_bio_queue (include/trace/events/block.h): "254,0 WS 8 + 16 [kswapd0]".
QUEUED = "block:block_bio_queue"
_QUEUED = re.compile(r"(\d+,\d+) ([A-Z]+) (\d+) \+ (\d+) \[.*\]")


def requests(events: Iterable[Event]) -> list[Request]:
    """Lists what tasks themselves gave block devices to do, of events of QUEUED; what a queue does later is not among
    it, nor what a device is only asked to flush."""
    return [
        Request(event.task, found[1], "W" in found[2], int(found[3]), int(found[4]))
        for event in events
        if event.name == "block_bio_queue" and (found := _QUEUED.fullmatch(event.text))
    ]


def lost(text: str) -> bool:
    """Says whether the buffer overflowed: what is left says nothing about "all" or "first"."""
    return bool(re.search(r"LOST \d+ EVENTS", text))


def events(recording: Recording, name: str) -> tuple[Event, ...] | None:
    """Gives the events that `lab.trace` recorded under a name; None if there was no trace or some of it was lost."""
    if ("trace", name) not in recording.made:
        text = recording.records.get(name)
        recording.made["trace", name] = None if not isinstance(text, str) or lost(text) else parse(text)
    found: tuple[Event, ...] | None = recording.made["trace", name]
    return found
