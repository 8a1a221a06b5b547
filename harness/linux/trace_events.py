"""The text of the kernel's event trace as events. Pure.

A line is "TASK-PID [CPU] FLAGS SECONDS: EVENT: NAME=VALUE …" (Documentation/trace/ftrace.rst and events.rst).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.evidence.recording import Recording

_LINE = re.compile(r"\s*(?P<task>.+)-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+\S+\s+(?P<time>[\d.]+): (?P<name>\w+): (?P<rest>.*)")
_FIELD = re.compile(r"(\w+)=([^\s,]+)")


@dataclass(frozen=True)
class Event:
    """One event: who was running, when (seconds), what it is called, its fields (numbers where they are numbers)."""

    task: str
    pid: int
    time: float
    name: str
    fields: Mapping[str, int | str]

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
        )
        for line in text.splitlines()
        if (found := _LINE.fullmatch(line))
    )


def lost(text: str) -> bool:
    """Says whether the buffer overflowed: what is left says nothing about "all" or "first"."""
    return bool(re.search(r"LOST \d+ EVENTS", text))


def events(recording: Recording, name: str) -> tuple[Event, ...] | None:
    """Gives the events that `lab.trace` recorded under a name; None if there was no trace or some of it was lost."""
    text = recording.records.get(name)
    return None if not isinstance(text, str) or lost(text) else parse(text)
