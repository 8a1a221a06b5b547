"""Samples as tables: every counter of every sample of a run, parsed, with units.

A table has a row for each sample and the columns `experiment`, `setting` ("lru=mglru", "" without one), `kernel` (its
release), `trial` (1…), `arm`, `sample` (the named moment, "" in a time series), `t` (seconds since the recording's
first sample), then every counter that is a measurement under its name ("meminfo:Cached") as a whole number in its own unit,
and `page_size`. What was not read is null, never 0. Of a run, what has one and the same value in all samples stands in a
table of its own, constants.parquet: `counter`, `unit`, `value`, and in how many `samples` it was read.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.evidence.recording import Recording
from harness.linux import counters
from harness.reports.columns import FIRST, PAGE_SIZE, TEXTS, file_and_key, is_measurement, unit
from harness.reports.wording import setting
from harness.verdicts.judged import Judged

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]

# Rows of a row group: 10,000 columns of so many take 90 MB while they are filled, and each column some 100 bytes of the file for
# each row group.
ROW_GROUP = 1024
# Under this key of its schema's metadata a cell's table has, as JSON, what the least and the greatest number of each counter are,
# and how many there are.
ENDS = b"ends"


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

    def counts(self) -> dict[str, int]:
        """Counts, for each counter, how many samples have it."""
        found: dict[str, int] = defaultdict(int)
        for part in self.parts:
            for counter in part.counters:
                found[counter] += len(part.rows)
        return found

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


def track(recording: Recording, trial: int = 1, arm: str = "") -> Track:
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


def tracks(judged: Judged) -> list[Track]:
    """Parses all recordings of a cell, trial by trial, arm by arm."""
    return [track(recording, trial.number, arm) for trial in judged.trials for arm, recording in trial.arms.items()]


def counters_of(found: Sequence[Track]) -> list[str]:
    """Lists every counter that any sample has, file by file as they were read."""
    return in_order({counter: None for one in found for part in one.parts for counter in part.counters})


def in_order(found: Iterable[str]) -> list[str]:
    order = {PAGE_SIZE: -1, **{file: index for index, file in enumerate(counters.FILES)}}
    return sorted(found, key=lambda counter: ("/" in counter, order[file_and_key(counter)[0]]))


def schema(names: Sequence[str]) -> pa.Schema:
    """Gives the table's columns for these counters, each with its unit in its field's metadata."""
    import pyarrow as pa

    kinds = {**dict.fromkeys(TEXTS, pa.string()), "trial": pa.int64(), "t": pa.float64()}
    return pa.schema([pa.field(name, kinds.get(name, pa.int64()), metadata={"unit": unit(name)}) for name in (*FIRST, *names)])


def table(judged: Judged, found: Sequence[Track]) -> pa.Table:
    """Puts a cell's samples under each other."""
    import numpy as np
    import pyarrow as pa

    total = sum(len(one) for one in found)
    values: dict[str, Whole] = {PAGE_SIZE: np.repeat([one.page_size for one in found], [len(one) for one in found])}
    absent: dict[str, NDArray[np.bool_]] = {PAGE_SIZE: np.zeros(total, np.bool_)}
    start = 0
    for one in found:
        for counter, rows, numbers in one.columns():
            if not is_measurement(counter):
                continue
            if counter not in values:
                values[counter], absent[counter] = np.zeros(total, np.int64), np.ones(total, np.bool_)
            values[counter][start + rows] = numbers
            absent[counter][start + rows] = False
        start += len(one)
    texts = {
        "experiment": [judged.experiment.name] * total,
        "setting": [setting(judged.cell["axis"])] * total,
        "kernel": [judged.cell["kernel"]] * total,
        "arm": [one.arm for one in found for _ in one.names],
        "sample": [name for one in found for name in one.names],
    }
    arrays = {name: text_array(column) for name, column in texts.items()}
    arrays["trial"] = number_array(np.repeat([one.trial for one in found], [len(one) for one in found]))
    arrays["t"] = number_array(np.concatenate([one.seconds for one in found] or [np.array([])]))
    for counter, column in values.items():
        arrays[counter] = number_array(column, absent[counter])
    ends = {}
    for name, column in values.items():
        there = column[~absent[name]]
        if len(there):
            ends[name] = int(there.min()), int(there.max()), len(there)
    columns = schema(in_order(values)).with_metadata({ENDS: json.dumps(ends)})
    return pa.Table.from_arrays([arrays[name] for name in columns.names], schema=columns)


# Arrays are made of their buffers, because pyarrow.array imports pandas to look at what it gets (0.4 s, pyarrow 26).


def number_array(values: Whole | Real, absent: NDArray[np.bool_] | None = None) -> pa.Array:
    """Makes a column of 64-bit numbers; null where `absent`."""
    import numpy as np
    import pyarrow as pa

    kind = pa.float64() if values.dtype.kind == "f" else pa.int64()
    valid = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def text_array(values: Sequence[str]) -> pa.Array:
    """Makes a column of texts."""
    import numpy as np
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(encoded), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def frame(judged: Judged) -> pd.DataFrame:
    """Gives a cell's samples as a DataFrame of the columns above; `attrs["units"]`: column → unit.

    Counters are Int64, so that what was not read is <NA> and what was is exact.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype("python")}
    found: pd.DataFrame = table(judged, tracks(judged)).to_pandas(types_mapper=kinds.get)
    found.attrs["units"] = {name: unit(name) for name in found.columns}
    return found


def write(path: Path, judged: Judged, found: Sequence[Track]) -> None:
    """Writes a cell's samples, for `combine`: an Arrow file, which takes a tenth of parquet's time where a table has a thousand
    columns of sixty rows."""
    import pyarrow as pa

    made = table(judged, found)
    with pa.ipc.new_file(path, made.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as file:
        file.write_table(made)


@dataclass(frozen=True)
class Constant:
    """A counter that has one value in all samples that have it."""

    counter: str
    value: int
    samples: int


def constants(pieces: Sequence[Path]) -> tuple[list[str], list[Constant]]:
    """Lists which counters vary over all cells that `write` wrote, and which are constant."""
    import pyarrow as pa

    ends: dict[str, tuple[int, int, int]] = {}
    for piece in pieces:
        with pa.ipc.open_file(piece) as file:
            noted = json.loads(file.schema.metadata[ENDS])
        for name, (least, most, count) in noted.items():
            low, high, before = ends.get(name, (least, most, 0))
            ends[name] = min(low, least), max(high, most), before + count
    one_value = {name for name, (least, most, _) in ends.items() if least == most}
    return (
        in_order(name for name in ends if name not in one_value),
        [Constant(name, ends[name][0], ends[name][2]) for name in in_order(name for name in ends if name in one_value)],
    )


def write_constants(path: Path, found: Sequence[Constant]) -> None:
    """Writes constants.parquet."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "counter": text_array([one.counter for one in found]),
        "unit": text_array([unit(one.counter) for one in found]),
        "value": number_array(np.array([one.value for one in found], np.int64)),
        "samples": number_array(np.array([one.samples for one in found], np.int64)),
    }
    parquet.write_table(pa.Table.from_arrays(list(columns.values()), names=list(columns)), path)


def combine(path: Path, pieces: Sequence[Path], varying: Sequence[str]) -> None:
    """Writes samples.parquet of cells that `write` wrote, of the counters that vary (`constants`): null where a cell does not
    have another's counter, the unit of a column in its field's metadata under `unit`.

    A run of many cells has thousands of columns: `pandas.read_parquet(path, columns=[…])` reads only what is asked.
    """
    from pyarrow import parquet

    columns = schema(varying)
    with parquet.ParquetWriter(path, columns, compression="snappy", write_statistics=["experiment", "setting"]) as written:
        for rows in row_groups(map(read, pieces), columns):
            written.write_table(rows)


def read(piece: Path) -> pa.Table:
    import pyarrow as pa

    with pa.ipc.open_file(piece) as file:
        return file.read_all()


def row_groups(tables: Iterable[pa.Table], columns: pa.Schema, rows: int = ROW_GROUP) -> Iterator[pa.Table]:
    """Puts tables under each other, in tables of these columns and so many rows: null where one has no such column.

    Numbers are copied into one array at once: a table of some thirty rows takes 100 times their size in objects of its columns,
    and pyarrow.concat_tables widens each to all columns first.
    """
    group = RowGroup(columns, rows)
    for table in tables:
        for part in group.parts(table):
            if group.add(part) == rows:
                yield group.take()
    if group.filled:
        yield group.take()


def bits_of(numbers: pa.Array) -> tuple[Whole, NDArray[np.bool_]]:
    """Gives an array's 64-bit numbers, fractions as the whole numbers of their bits, and which of them are absent. pyarrow's own
    ways to NumPy import pandas."""
    import numpy as np

    valid, values = numbers.buffers()
    here = slice(numbers.offset, numbers.offset + len(numbers))
    absent = np.zeros(len(numbers), np.bool_)
    if valid is not None:
        absent = np.unpackbits(np.frombuffer(valid, np.uint8), count=here.stop, bitorder="little")[here] == 0
    return np.frombuffer(values, np.int64)[here], absent


class RowGroup:
    """Rows of all columns, as they are filled."""

    def __init__(self, columns: pa.Schema, rows: int) -> None:
        import numpy as np
        import pyarrow as pa

        self.columns, self.rows, self.filled = columns, rows, 0
        self._at = {name: number for number, name in enumerate(columns.names)}
        self._numbers = np.zeros((len(columns), rows), np.int64)
        self._absent = np.ones((len(columns), rows), np.bool_)
        self._texts = {one.name: [""] * rows for one in columns if one.type == pa.string()}  # every cell has them all

    def parts(self, table: pa.Table) -> Iterator[pa.Table]:
        """Cuts a table where the group is full."""
        first = self.rows - self.filled
        yield table[:first]
        for start in range(first, len(table), self.rows):
            yield table[start : start + self.rows]

    def add(self, table: pa.Table) -> int:
        """Adds rows for which there is room. Returns how many there are then."""
        here = slice(self.filled, self.filled + len(table))
        for name, column in zip(table.column_names, table.columns, strict=True):
            at = self._at.get(name)
            if at is None:
                continue
            if name in self._texts:
                self._texts[name][here] = column.to_pylist()
                continue
            start = self.filled
            for chunk in column.chunks:
                rows = slice(start, start + len(chunk))
                self._numbers[at, rows], self._absent[at, rows] = bits_of(chunk)
                start = rows.stop
        self.filled = here.stop
        return self.filled

    def take(self) -> pa.Table:
        """Gives the rows as a table, and begins anew."""
        import pyarrow as pa

        arrays = []
        for at, field in enumerate(self.columns):
            if field.name in self._texts:
                arrays.append(text_array(self._texts[field.name][: self.filled]))
            else:
                values = self._numbers[at, : self.filled]
                is_fraction = field.type == pa.float64()
                arrays.append(number_array(values.view("f8") if is_fraction else values, self._absent[at, : self.filled]))
        found = pa.Table.from_arrays(arrays, schema=self.columns)
        self.filled = 0
        self._absent[:] = True
        return found


def load() -> None:
    """Imports what reads and writes tables: 0.3 s and more."""
    import pyarrow.parquet  # noqa: F401
