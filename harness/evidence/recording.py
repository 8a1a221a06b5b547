"""Evidence: what the trials recorded, raw, on disk; written as it comes, read back without any machine.

A recording (one arm of one trial) is a file of JSON lines, compressed with Zstandard. Its events:
start (machine, settings), operation, idle (a sample with nothing between it and the next), sample, series (a sample of
a time series), pages, smaps, record, skip (of a claim), note, cost (what the procedure took: wall seconds, without what
its guest waited for a place; seconds of this host's processors; and, one after the other, for how many seconds it worked among
others (“ordinary”), with a processor for each guest (“quiet”), or slept while others had its place (“aside”)), end.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import zstandard

from harness.evidence import events
from harness.linux import architecture, counters, pages
from harness.linux.architecture import Architecture

SUFFIX = ".jsonl.zst"
Number: TypeAlias = int | float
# A line of a recording: its keys are those of its kind of event, and an experiment's own under `record`.
Event: TypeAlias = dict[str, Any]
# Level 6, window 8 MiB: successive samples repeat nearly all of the text before them. The checksum is of the text: whatever
# bit of the file is turned, it does not come out as other text.
_COMPRESSION = zstandard.ZstdCompressionParameters.from_level(6, window_log=23, write_checksum=1)
# What a recording may unpack to, and a line of it, in bytes: those of the catalogue take 10 MiB as a rule, and a line holds
# TEXT_LIMIT of probes/wire.h (1 MiB), escaped six bytes to one at most. A few KiB can be made to unpack to many GiB.
TEXT_LIMIT, LINE_LIMIT = 512 << 20, 16 << 20
_CHUNK = 1 << 10  # bytes that are unpacked at once: at zstd's highest ratio (128 KiB of 4 bytes) 32 MiB
_NAME = re.compile(r"trial-([1-9][0-9]{0,6})(?:\.([A-Za-z0-9][\w .+=-]*))?\.jsonl\.zst", re.ASCII)


class _Held(io.RawIOBase):
    """A file whose content waits in memory that is resident from the start, until it is closed or that is full: on the
    machine under test a file that grows meanwhile would be counted (measured: Cached +1 to +3 pages between samples)."""

    def __init__(self, path: Path, room: int) -> None:
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - closed by close()
        self._kept, self._used = bytearray(b"\1" * room), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = len(data)
        if self._used + size > len(self._kept):
            self._flush()
        if size > len(self._kept):
            self._file.write(data)
        else:
            self._kept[self._used : self._used + size] = data
            self._used += size
        return size

    def _flush(self) -> None:
        self._file.write(memoryview(self._kept)[: self._used])
        self._used = 0

    def close(self) -> None:
        if not self.closed:
            try:
                self._flush()
            finally:
                self._file.close()
                super().close()


class Recorder:
    """Writes one recording. What was written stays readable when the rest never comes.

    held: bytes that wait in memory before they are written, for a recording of the machine that it is written on.
    """

    def __init__(self, path: Path, held: int = 0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._raw = cast("IO[bytes]", _Held(path, held)) if held else open(path, "wb")  # noqa: SIM115 - closed by close()
        # An object, and not a writer, whose close() loses a number of Python's each time (zstandard 0.25).
        self._packer = zstandard.ZstdCompressor(compression_params=_COMPRESSION).compressobj()
        self.ended = False

    def event(self, event: str, /, **fields: Any) -> None:
        """Writes one line. Bytes are written as text (the kernel's is), or as base64 under the key `data`."""
        line = json.dumps({"event": event, **fields}, default=_plain).encode() + b"\n"
        self._raw.write(self._packer.compress(line))
        self.ended = self.ended or event == "end"

    def close(self) -> None:
        """Closes the recording, once. Raises OSError when the disk is full: the recording is not whole then."""
        if self._raw.closed:
            return
        try:
            self._raw.write(self._packer.flush())
        finally:
            self._raw.close()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    raise TypeError(f"no evidence can be made of {type(value).__name__}")


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class Recording:
    """One arm of one trial, read back. damage: why there is no more than these events, "" where that is all of it."""

    events: list[Event]
    damage: str = ""

    @cached_property
    def start(self) -> Event:
        return next((event for event in self.events if event["event"] == "start"), {})

    @cached_property
    def end(self) -> Event:
        """Says how it ended: status "ok", "skipped" or "broken", and the reason."""
        if self.damage:
            return {"status": "broken", "reason": self.damage}
        if not self.events or self.events[-1]["event"] != "end":
            return {"status": "broken", "reason": "the recording stops before its end"}
        return self.events[-1]

    @cached_property
    def made(self) -> dict[tuple[str, str], Any]:
        """Keeps what is made of a part of this recording, by its kind and the part's name: it goes with the recording."""
        return {}

    @property
    def page_size(self) -> int:
        return int(self.start["machine"]["page_size"])

    @property
    def architecture(self) -> Architecture:
        return architecture.of_machine(self.start["machine"]["arch"])

    @cached_property
    def samples(self) -> dict[str, Event]:
        """Maps the names of moments to their events; a name used twice keeps the last."""
        return {event["name"]: event for event in self.events if event["event"] == "sample"}

    @cached_property
    def series(self) -> list[Event]:
        return [event for event in self.events if event["event"] == "series"]

    @cached_property
    def records(self) -> dict[str, Any]:
        return {event["name"]: event["value"] for event in self.events if event["event"] == "record"}

    @cached_property
    def operations(self) -> list[Event]:
        return [event for event in self.events if event["event"] == "operation"]

    @cached_property
    def outcomes(self) -> dict[str, Event]:
        """Maps the names of operations that were tried under one to their events."""
        return {event["outcome"]: event for event in self.operations if "outcome" in event}

    @cached_property
    def skipped(self) -> dict[str, str]:
        """Maps the ids of claims that this machine lacks something for to what it lacks."""
        return {event["claim"]: event["reason"] for event in self.events if event["event"] == "skip"}

    def smaps(self, sample: str, label: str) -> str | None:
        """Gives what /proc/PID/smaps said of a range's mappings at a named moment."""
        found = (
            event["text"]
            for event in self.events
            if event["event"] == "smaps" and event["sample"] == sample and event["label"] == label
        )
        return next(found, None)

    @cached_property
    def unread(self) -> dict[str, str]:
        """Keeps each counter that was asked for and is no number in its file, with that file's text."""
        return {}

    @cached_property
    def _parsed(self) -> dict[tuple[str | int, str], dict[str, int]]:
        return {}

    def text(self, sample: str, source: str) -> str | None:
        """Gives a watched file's text at a named moment."""
        event = self.samples.get(sample)
        found = event["files"].get(source) if event else None
        return None if found is None else str(found)

    def counter(self, sample: str, counter: str) -> int | None:
        """Gives a counter at a named moment, in its own unit; None if that was not read."""
        return self._value(sample, self.text(sample, counters.source_and_key(counter)[0]), counter)

    def _value(self, sample: str | int, text: str | None, counter: str) -> int | None:
        """Gives a counter in the text of its file; `sample` tells one text of that file from the others."""
        source, key = counters.source_and_key(counter)
        if (sample, source) not in self._parsed:
            self._parsed[sample, source] = {} if text is None else counters.parse(source, text)
        value = self._parsed[sample, source].get(key)
        if value is None and text is not None:
            self.unread[counter] = text
        return value

    def idle_change(self, counter: str) -> int | None:
        """Gives how much a counter grew between the two idle samples at the start, in its own unit; None if that was not
        read."""
        values = [
            self._value(number, event["files"].get(counters.source_and_key(counter)[0]), counter)
            for number, event in enumerate(self._idle)
        ]
        before, after = values if len(values) == 2 else (None, None)
        return None if before is None or after is None else after - before

    def idle_texts(self, source: str) -> list[str | None]:
        """Gives a watched file's text in each idle sample."""
        return [event["files"].get(source) for event in self._idle]

    @cached_property
    def _idle(self) -> list[Event]:
        return [event for event in self.events if event["event"] == "idle"]

    def page_data(self, sample: str, label: str) -> tuple[str, bytes] | None:
        """Gives, of a range or file at a named moment, how it was looked at ("mincore", "pagemap"), and the raw entries."""
        for event in self.events:
            if event["event"] == "pages" and event["sample"] == sample and event["label"] == label:
                return event["kind"], base64.b64decode(event["data"], validate=True)
        return None

    def pages(self, sample: str, label: str, state: str) -> Number | None:
        """Counts the pages of a range or file that are in a state."""
        found = self.page_data(sample, label)
        if found is None:
            return None
        kind, data = found
        if kind == "mincore":
            return pages.resident(data) if state == "resident" else None
        return pages.count(data, state)

    def same_frames(self, sample: str, first: str, second: str, until: str | None = None) -> Number | None:
        """Counts the pages of two ranges that have the same frame; the second range as it was at the moment `until`."""
        one, other = self.page_data(sample, first), self.page_data(until or sample, second)
        if one is None or other is None or one[0] != "pagemap" or other[0] != "pagemap":
            return None
        return pages.same_frames(one[1], other[1])


@dataclass
class Trial:
    """One trial: its number (1…) and its arms by name."""

    number: int
    arms: dict[str, Recording] = field(default_factory=dict)

    @property
    def any(self) -> Recording:
        return next(iter(self.arms.values()))


def read(path: Path) -> Recording:
    """Reads a recording from disk; of a torn or damaged one the events up to the damage, and says what that is."""
    found: list[Event] = []
    if not path.is_file():  # a pipe would be waited for without end
        return Recording(found, "it is no file")
    try:
        for line in _lines(path):
            found.append(events.check(json.loads(line)))
    except _Unfinished as error:
        return Recording(found, str(error))
    except (zstandard.ZstdError, MemoryError):
        return Recording(found, f"its compressed text is damaged after {len(found)} events")
    except (ValueError, RecursionError) as error:
        return Recording(found, f"line {len(found) + 1} is damaged: {error}")
    except OSError as error:
        return Recording(found, f"it can't be read: {error.strerror}")
    return Recording(found)


class _Unfinished(Exception):
    """A recording whose end is not where its file ends; the text says how."""


def _lines(path: Path) -> Iterator[bytes]:
    """Yields the lines of a recording. Raises ZstdError or ValueError where it is damaged, or beyond its limits."""
    rest, size = bytearray(), 0
    with open(path, "rb") as raw:
        frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        while not frame.eof and (data := raw.read(_CHUNK)):
            text = frame.decompress(data)
            size += len(text)
            rest += text
            if size > TEXT_LIMIT:
                raise ValueError(f"it unpacks to more than {TEXT_LIMIT >> 20} MiB")
            if b"\n" in text:
                *lines, last = bytes(rest).split(b"\n")
                rest = bytearray(last)
                yield from lines
            if len(rest) > LINE_LIMIT:
                raise ValueError(f"it is longer than {LINE_LIMIT >> 20} MiB")
        if frame.unused_data or raw.read(1):
            raise _Unfinished("something stands behind the recording's end")
    if rest or not frame.eof:
        raise _Unfinished("the recording stops before its end")


def name_of(trial: int, arm: str) -> str:
    """Gives the file's name for an arm of a trial: "trial-1.jsonl.zst", "trial-1.swap.jsonl.zst"."""
    return f"trial-{trial}{'.' + arm if arm else ''}{SUFFIX}"


def place_of(name: str) -> tuple[int, str] | None:
    """Reads trial and arm from a file's name; None for one that `name_of` never gave."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), found[2] or "") if found else None


def files(directory: Path) -> list[Path]:
    """Lists what lies there as a recording, whatever its name is."""
    return sorted(path for path in directory.glob(f"*{SUFFIX}"))


def read_trials(directory: Path) -> list[Trial]:
    """Reads the trials of one cell (experiment and setting), in order."""
    found: dict[int, Trial] = {}
    for path in files(directory):
        if place := place_of(path.name):
            number, arm = place
            found.setdefault(number, Trial(number)).arms[arm] = read(path)
    return [found[number] for number in sorted(found)]
