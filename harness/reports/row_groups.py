"""Row groups: tables of some columns each, put under each other in tables of all columns that are as long as memory allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.reports.arrays import bits_of, number_array, text_array

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of a row group: 10,000 columns of so many take 90 MB while they are filled, and each column some 100 bytes of the file for
# each row group.
ROW_GROUP = 1024


def row_groups(tables: Iterable[pa.Table], columns: pa.Schema, rows: int = ROW_GROUP) -> Iterator[pa.Table]:
    """Puts tables under each other, in tables of these columns and so many rows: null where one has no such column.
    Gives one without rows where there are none.

    Numbers are copied into one array at once: a table of some thirty rows takes 100 times their size in objects of its columns,
    and pyarrow.concat_tables widens each to all columns first.
    """
    group, any_given = RowGroup(columns, rows), False
    for table in tables:
        for part in group.parts(table):
            if group.add(part) == rows:
                yield group.take()
                any_given = True
    if group.filled or not any_given:
        yield group.take()


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
