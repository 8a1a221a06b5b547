"""Tracks: what the samples of a recording read, parsed, in the order of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from harness.evidence.recording import Recording
from harness.linux import counters
from harness.verdicts.judged import Judged

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.reports.arrays import Real, Whole


@dataclass(frozen=True)
class Part:
    """Texts of one watched file that had the same keys.

    counters: their names. rows: which samples of the track. values: samples × counters, each in its own unit.
    """

    counters: tuple[str, ...]
    rows: Whole
    values: Whole | NDArray[np.int32]


@dataclass(frozen=True)
class Track:
    """One recording's samples in the order of time. names: "" in a series. seconds: since the first sample. page_size: bytes."""

    trial: int
    arm: str
    names: tuple[str, ...]
    seconds: Real
    parts: tuple[Part, ...]
    page_size: int

    def __len__(self) -> int:
        return len(self.names)

    def columns(self) -> Iterator[tuple[str, Whole, Whole | NDArray[np.int32]]]:
        """Gives counter, rows, values; more than once for a counter whose file changed its keys on the way."""
        for part in self.parts:
            for index, counter in enumerate(part.counters):
                yield counter, part.rows, part.values[:, index]

    def curve(self, counter: str) -> tuple[Real, Whole]:
        """Gives seconds and values of the samples that have the counter; empty if none has."""
        import numpy as np

        places = [(part, part.counters.index(counter)) for part in self.parts if counter in part.counters]
        rows = np.concatenate([part.rows for part, _ in places] or [np.array([], np.int64)])
        values = np.concatenate([part.values[:, index].astype(np.int64) for part, index in places] or [np.array([], np.int64)])
        order = np.argsort(rows, kind="stable")
        return self.seconds[rows[order]], values[order]


@cache
def _names(source: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{source}:{key}" if key else source for key in keys)


def of_recording(recording: Recording, trial: int = 1, arm: str = "") -> Track:
    """Parses all samples of a recording. A watched file that the list of counters does not have is left out."""
    import numpy as np

    events = sorted(
        (event for event in recording.events if event["event"] in {"sample", "series"}), key=lambda event: int(event["began"])
    )
    found: dict[tuple[str, tuple[str, ...]], tuple[list[int], list[list[int]]]] = defaultdict(lambda: ([], []))
    for row, event in enumerate(events):
        for source, text in event["files"].items():
            if text is None or source.rsplit("/", 1)[-1] not in counters.FILES:
                continue
            values = counters.parse(source, text)
            rows, numbers = found[source, tuple(values)]
            rows.append(row)
            numbers.append(list(values.values()))
    first = events[0]["began"] if events else 0
    return Track(
        trial,
        arm,
        tuple(event.get("name", "") for event in events),
        np.array([(event["began"] - first) / 1e9 for event in events], np.float64),
        tuple(
            Part(_names(source, keys), np.array(rows, np.int64), _small(np.array(numbers, np.int64)))
            for (source, keys), (rows, numbers) in found.items()
            if keys
        ),
        recording.page_size if events else 0,
    )


def _small(values: Whole) -> Whole | NDArray[np.int32]:
    """Halves the memory of values, where the numbers allow it: of a long run all tracks are kept until its table is written."""
    import numpy as np

    return values.astype(np.int32) if (values.astype(np.int32) == values).all() else values


def of_cell(judged: Judged) -> list[Track]:
    """Parses all recordings of a cell, trial by trial, arm by arm."""
    return [of_recording(recording, trial.number, arm) for trial in judged.trials for arm, recording in trial.arms.items()]
