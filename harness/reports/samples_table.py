"""Samples as tables: every counter of every sample of a run, parsed, with units.

A table has a row for each sample and the columns `experiment`, `setting` ("lru=mglru", "" without one), `kernel` (its
release), `trial` (1…), `arm`, `sample` (the named moment, "" in a time series), `t` (seconds since the recording's
first sample), then every counter that is a measurement under its name ("meminfo:Cached") as a whole number in its own unit,
and `page_size`. What was not read is null, never 0. Of a run, what has one and the same value in all samples stands in a
table of its own, constants.parquet: `counter`, `unit`, `value`, and in how many `samples` it was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.linux import counters
from harness.reports import tracks
from harness.reports.arrays import number_array, text_array
from harness.reports.columns import FIRST, PAGE_SIZE, TEXTS, file_and_key, is_measurement, unit
from harness.reports.tracks import Track
from harness.reports.wording import setting
from harness.verdicts.judged import Judged

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from harness.reports.arrays import Whole

# The file of samples.parquet that names all columns: the first in the order of names, which those of cells begin with a letter.
ALL_COLUMNS = "0.parquet"
PIECE = ".samples.arrow"  # what the name of a cell's piece ends in
# Under this key of its schema's metadata a cell's table has, as JSON, what the least and the greatest number of each counter are,
# and how many there are.
ENDS = b"ends"


def in_order(found: Iterable[str]) -> list[str]:
    order = {PAGE_SIZE: -1, **{file: index for index, file in enumerate(counters.FILES)}}
    return sorted(found, key=lambda counter: ("/" in counter, order[file_and_key(counter)[0]]))


def schema(names: Sequence[str]) -> pa.Schema:
    """Gives the table's columns for these counters, each with its unit in its field's metadata."""
    import pyarrow as pa

    kinds = {**dict.fromkeys(TEXTS, pa.string()), "trial": pa.int64(), "t": pa.float64()}
    return pa.schema([pa.field(name, kinds.get(name, pa.int64()), metadata={"unit": unit(name)}) for name in (*FIRST, *names)])


class Ends(dict[str, tuple[int, int, int]]):
    """For each counter its least and its greatest number, and how many samples have it."""

    def add(self, counter: str, least: int, most: int, samples: int) -> None:
        low, high, before = self.get(counter, (least, most, 0))
        self[counter] = min(low, least), max(high, most), before + samples


def ends_of(found: Iterable[Track]) -> Ends:
    """Gives the ends of each counter that is a measurement."""
    ends = Ends()
    for one in found:
        if len(one):
            ends.add(PAGE_SIZE, one.page_size, one.page_size, len(one))
        for part in one.parts:
            of_all = zip(part.counters, part.values.min(axis=0).tolist(), part.values.max(axis=0).tolist(), strict=True)
            for counter, least, most in of_all:
                if is_measurement(counter):
                    ends.add(counter, least, most, len(part.rows))
    return ends


def batch(judged: Judged, one: Track, columns: pa.Schema) -> pa.RecordBatch:
    """Puts the samples of a recording under each other."""
    import numpy as np
    import pyarrow as pa

    total = len(one)
    values: dict[str, Whole] = {"trial": np.full(total, one.trial), PAGE_SIZE: np.full(total, one.page_size)}
    absent: dict[str, NDArray[np.bool_]] = {}
    for counter, rows, numbers in one.columns():
        if not is_measurement(counter):
            continue
        if counter not in values:
            values[counter], absent[counter] = np.zeros(total, np.int64), np.ones(total, np.bool_)
        values[counter][rows] = numbers
        absent[counter][rows] = False
    texts = {
        "experiment": [judged.experiment.name] * total,
        "setting": [setting(judged.cell["axis"])] * total,
        "kernel": [judged.cell["kernel"]] * total,
        "arm": [one.arm] * total,
        "sample": one.names,
    }
    arrays = {name: text_array(column) for name, column in texts.items()}
    arrays["t"] = number_array(one.seconds)
    for counter, column in values.items():
        arrays[counter] = number_array(column, absent.get(counter))
    nowhere = number_array(np.zeros(total, np.int64), np.ones(total, np.bool_))
    return pa.RecordBatch.from_arrays([arrays.get(name, nowhere) for name in columns.names], schema=columns)


def frame(judged: Judged) -> pd.DataFrame:
    """Gives a cell's samples as a DataFrame of the columns above; `attrs["units"]`: column → unit.

    Counters are Int64, so that what was not read is <NA> and what was is exact.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype("python")}
    told = tracks.of_cell(judged)
    columns = columns_of(ends_of(told))
    table = pa.Table.from_batches([batch(judged, one, columns) for one in told], columns)
    found: pd.DataFrame = table.to_pandas(types_mapper=kinds.get)
    found.attrs["units"] = {name: unit(name) for name in found.columns}
    return found


def columns_of(ends: Ends) -> pa.Schema:
    """Gives the columns of a cell, of what its counters read."""
    return schema(in_order(dict.fromkeys((PAGE_SIZE, *ends)))).with_metadata({ENDS: json.dumps(ends)})


def write(path: Path, judged: Judged, found: Sequence[Track]) -> None:
    """Writes a cell's samples, for `combine`: an Arrow file, which takes a tenth of parquet's time where a table has a thousand
    columns of sixty rows. A recording at a time: a cell may have 10,000 samples, of more than 1,000 columns."""
    import pyarrow as pa

    columns = columns_of(ends_of(found))
    with pa.ipc.new_file(path, columns, options=pa.ipc.IpcWriteOptions(compression="lz4")) as file:
        for one in found:
            file.write_batch(batch(judged, one, columns))


@dataclass(frozen=True)
class Constant:
    """A counter that has one value in all samples that have it."""

    counter: str
    value: int
    samples: int


def constants(pieces: Sequence[Path]) -> tuple[list[str], list[Constant]]:
    """Lists which counters vary over all cells that `write` wrote, and which are constant."""
    import pyarrow as pa

    ends = Ends()
    for piece in pieces:
        with pa.ipc.open_file(piece) as file:
            noted = json.loads(file.schema.metadata[ENDS])
        for name, of_cell in noted.items():
            ends.add(name, *of_cell)
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


def combine(folder: Path, pieces: Sequence[Path], varying: Sequence[str]) -> None:
    """Writes samples.parquet, of cells that `write` wrote and the counters that vary (`constants`): a folder of files that are
    one table, the unit of a column in its field's metadata under `unit`.

    A cell has a file of its own, with the columns that it has. Readers of such a folder take its columns from the first file,
    which has all and no rows, and give null where another has none of that name: what is kept and written is no more than
    what was read.
    """
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir()
    columns = schema(varying)
    with parquet.ParquetWriter(folder / ALL_COLUMNS, columns):
        pass
    wanted, options = set(columns.names), {"use_dictionary": list(TEXTS), "write_statistics": ["experiment", "setting"]}
    for piece in pieces:
        path = folder / f"{piece.name.removesuffix(PIECE)}.parquet"
        with pa.ipc.open_file(piece) as cell:
            names = [name for name in cell.schema.names if name in wanted]
            own = pa.schema([cell.schema.field(name) for name in names])
            with parquet.ParquetWriter(path, own, **options) as file:
                for number in range(cell.num_record_batches):
                    file.write_batch(cell.get_batch(number).select(names))


def load() -> None:
    """Imports what reads and writes tables: 0.3 s and more."""
    import pyarrow.parquet  # noqa: F401
