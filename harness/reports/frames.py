"""Samples as tables: every counter of every sample of a run, parsed, with units.

A table has a row for each sample and the columns `experiment`, `setting` ("lru=mglru", "" without one), `trial` (1…),
`arm`, `sample` (the named moment, "" in a time series), `t` (seconds since the recording's first sample), then every
counter under its name ("meminfo:Cached") as a whole number in its own unit. What was not read is null, never 0.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness import counters
from harness.evidence import Recording
from harness.reports.answer import setting
from harness.results import Judged

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

TEXTS = ("experiment", "setting", "arm", "sample")
# Rows of a row group: its columns take some 12 KiB a row in memory while it is written, and each of them some
# 100 bytes in the file, however few its rows.
ROW_GROUP = 8192


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
    """One recording's samples in the order of time. names: "" in a series. seconds: since the first sample."""

    trial: int
    arm: str
    names: tuple[str, ...]
    seconds: Real
    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return len(self.names)

    def columns(self) -> Iterator[tuple[str, Whole, Whole | NDArray[np.int32]]]:
        """Counter, rows, values; more than once for a counter whose file changed its keys on the way."""
        for part in self.parts:
            for index, counter in enumerate(part.counters):
                yield counter, part.rows, part.values[:, index]

    def counts(self) -> dict[str, int]:
        """Counter → how many samples have it."""
        found: dict[str, int] = defaultdict(int)
        for part in self.parts:
            for counter in part.counters:
                found[counter] += len(part.rows)
        return found

    def curve(self, counter: str) -> tuple[Real, Whole]:
        """Seconds and values of the samples that have the counter; empty if none has."""
        import numpy as np

        places = [(part, part.counters.index(counter)) for part in self.parts if counter in part.counters]
        rows = np.concatenate([part.rows for part, _ in places] or [np.array([], np.int64)])
        values = np.concatenate([part.values[:, index].astype(np.int64) for part, index in places]
                                or [np.array([], np.int64)])
        order = np.argsort(rows, kind="stable")
        return self.seconds[rows[order]], values[order]


@cache
def _names(source: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{source}:{key}" if key else source for key in keys)


def track(recording: Recording, trial: int = 1, arm: str = "") -> Track:
    """Parses all samples of a recording. A watched file that the list of counters does not have is left out."""
    import numpy as np

    events = sorted((event for event in recording.events if event["event"] in {"sample", "series"}),
                    key=lambda event: int(event["began"]))
    found: dict[tuple[str, tuple[str, ...]], tuple[list[int], list[list[int]]]] = defaultdict(lambda: ([], []))
    for row, event in enumerate(events):
        for source, text in event["files"].items():
            if text is None or source.rsplit("/", 1)[-1] not in counters.FILES:
                continue
            values = counters.file_of(source).parse(text.encode())
            rows, numbers = found[source, tuple(values)]
            rows.append(row)
            numbers.append(list(values.values()))
    first = events[0]["began"] if events else 0
    return Track(trial, arm, tuple(event.get("name", "") for event in events),
                 np.array([(event["began"] - first) / 1e9 for event in events], np.float64),
                 tuple(Part(_names(source, keys), np.array(rows, np.int64), _small(np.array(numbers, np.int64)))
                       for (source, keys), (rows, numbers) in found.items() if keys))


def _small(values: Whole) -> Whole | NDArray[np.int32]:
    """In half the memory, where the numbers allow it: of a long run all tracks are kept until its table is written."""
    import numpy as np

    return values.astype(np.int32) if (values.astype(np.int32) == values).all() else values


def tracks(judged: Judged) -> list[Track]:
    """All recordings of a cell, trial by trial, arm by arm."""
    return [track(recording, trial.number, arm) for trial in judged.trials for arm, recording in trial.arms.items()]


Cell = tuple[Judged, Sequence[Track]]


def counters_of(cells: Sequence[Cell]) -> list[str]:
    """Every counter that any sample has, file by file as they were read."""
    found = {counter: None for _, of_cell in cells for one in of_cell for part in one.parts
             for counter in part.counters}
    order = {file: index for index, file in enumerate(counters.FILES)}
    return sorted(found, key=lambda counter: ("/" in counter, order[file_and_key(counter)[0]]))


_OWNER = re.compile(rf".*/(?=(?:{'|'.join(map(re.escape, counters.FILES))})(?::|$))", re.S)


@cache
def file_and_key(counter: str) -> tuple[str, str]:
    """"worker/statm:size" → "statm", "size". The name of a probe or sandbox may have any character in it."""
    source, key = counters.source_and_key(counter)
    return (source, key) if source in counters.FILES else counters.source_and_key(_OWNER.sub("", counter, count=1))


@cache
def unit(column: str) -> str:
    """A column's unit: "KiB", "bytes", "pages", "s", "" for a count or a text."""
    if column in {*TEXTS, "trial"}:
        return ""
    file, key = file_and_key(column)
    return "s" if column == "t" else counters.unit_of(f"{file}:{key}")


def schema(names: Sequence[str]) -> pa.Schema:
    """The table's columns for these counters, each with its unit in its field's metadata."""
    import pyarrow as pa

    kinds = {**dict.fromkeys(TEXTS, pa.string()), "trial": pa.int64(), "t": pa.float64()}
    columns = ("experiment", "setting", "trial", "arm", "sample", "t", *names)
    return pa.schema([pa.field(name, kinds.get(name, pa.int64()), metadata={"unit": unit(name)}) for name in columns])


def table(cells: Sequence[Cell], columns: pa.Schema | None = None) -> pa.Table:
    """The cells' samples under each other, with these columns, or those of all their counters."""
    import numpy as np
    import pyarrow as pa

    columns = columns or schema(counters_of(cells))
    whole = [(judged, one) for judged, of_cell in cells for one in of_cell]
    total = sum(len(one) for _, one in whole)
    values: dict[str, Whole] = {}
    absent: dict[str, NDArray[np.bool_]] = {}
    start = 0
    for _, one in whole:
        for counter, rows, numbers in one.columns():
            if counter not in values:
                values[counter], absent[counter] = np.zeros(total, np.int64), np.ones(total, np.bool_)
            values[counter][start + rows] = numbers
            absent[counter][start + rows] = False
        start += len(one)
    texts = {
        "experiment": [judged.experiment.name for judged, one in whole for _ in one.names],
        "setting": [setting(judged.cell["axis"]) for judged, one in whole for _ in one.names],
        "arm": [one.arm for _, one in whole for _ in one.names],
        "sample": [name for _, one in whole for name in one.names]}
    arrays = {name: text_array(column) for name, column in texts.items()}
    arrays["trial"] = number_array(np.repeat([one.trial for _, one in whole], [len(one) for _, one in whole]))
    arrays["t"] = number_array(np.concatenate([one.seconds for _, one in whole] or [np.array([])]))
    nothing = pa.nulls(total, pa.int64())       # one for all columns that no row has
    for counter, column in values.items():
        arrays[counter] = number_array(column, absent[counter])
    return pa.Table.from_arrays([arrays.get(name, nothing) for name in columns.names], schema=columns)


# Arrays are made of their buffers, because pyarrow.array imports pandas to look at what it gets (0.4 s, pyarrow 26).

def number_array(values: Whole | Real, absent: NDArray[np.bool_] | None = None) -> pa.Array:
    """A column of 64-bit numbers; null where `absent`."""
    import numpy as np
    import pyarrow as pa

    kind = pa.float64() if values.dtype.kind == "f" else pa.int64()
    valid = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def text_array(values: Sequence[str]) -> pa.Array:
    """A column of texts."""
    import numpy as np
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(encoded),
                                 [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def frame(judged: Judged) -> pd.DataFrame:
    """A cell's samples as a DataFrame of the columns above; `attrs["units"]`: column → unit.

    Counters are Int64, so that what was not read is <NA> and what was is exact.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype("python")}
    found: pd.DataFrame = table([(judged, tracks(judged))]).to_pandas(types_mapper=kinds.get)
    found.attrs["units"] = {name: unit(name) for name in found.columns}
    return found


def batches(cells: Sequence[Cell], rows: int = ROW_GROUP) -> Iterator[list[Cell]]:
    """Cells that make one row group together."""
    batch: list[Cell] = []
    for cell in cells:
        batch.append(cell)
        if sum(len(one) for _, of_cell in batch for one in of_cell) >= rows:
            yield batch
            batch = []
    if batch:
        yield batch


def write(path: Path, cells: Sequence[Cell]) -> None:
    """Writes samples.parquet: all cells, the unit of a column in its field's metadata under `unit`.

    A run of many cells has thousands of columns: `pandas.read_parquet(path, columns=[…])` reads only what is asked.
    """
    from pyarrow import parquet

    columns = schema(counters_of(cells))
    with parquet.ParquetWriter(path, columns, compression="snappy", write_statistics=["experiment", "setting"]) as file:
        for batch in batches(cells):
            file.write_table(table(batch, columns))


def load() -> None:
    """Imports what reads and writes tables: 0.3 s and more."""
    import pyarrow.parquet  # noqa: F401
