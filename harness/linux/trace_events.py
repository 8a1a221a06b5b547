"""The text of the kernel's event trace as events. Pure.

A line is "TASK-PID [CPU] FLAGS SECONDS: EVENT: NAME=VALUE …" (Documentation/trace/ftrace.rst and events.rst).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.evidence.recording import Recording

_LINE = re.compile(r"\s*(?P<task>.+)-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+\S+\s+(?P<time>[\d.]+): (?P<name>\w+): (?P<rest>.*)")
_FIELD = re.compile(r"(\w+)=([^\s,]+)")


@dataclass(frozen=True)
class Event:
    """One event: who was running, when (seconds), what it is called, its fields (numbers where they are numbers), and the
    whole text behind its name."""

    task: str
    pid: int
    time: float
    name: str
    fields: Mapping[str, int | str]
    text: str = ""

    def number(self, field: str) -> int:
        """Gives a field that is a number. Raises KeyError or TypeError if it is none."""
        value = self.fields[field]
        if isinstance(value, str):
            raise TypeError(f"{self.name}: {field} is no number: {value!r}")
        return value


def _value(text: str) -> int | str:
    try:
        return int(text, 0)
    except ValueError:
        return text


@lru_cache(maxsize=16)
def parse(text: str) -> tuple[Event, ...]:
    """Lists every event of a trace, in its order."""
    return tuple(
        Event(
            found["task"].strip(),
            int(found["pid"]),
            float(found["time"]),
            found["name"],
            {name: _value(value) for name, value in _FIELD.findall(found["rest"])},
            found["rest"],
        )
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
    text = recording.records.get(name)
    return None if not isinstance(text, str) or lost(text) else parse(text)
