"""quantities.parquet: what every verdict of a run stands on, as one table.

A row for each valid trial of each quantity and reference. Columns: `run`, `claim`, `experiment`, `setting` ("lru=mglru"),
`kernel` (as in samples.parquet), `series`, `machine`, `accelerator`, `verdict`, `known` ("" without a known answer), `role`
("decides", "must read true", "must read false"), `quantity`, `unit`, `if_true` and `if_false` (the quantity's ranges, as in
verdicts.json; of a rate, of the count in all trials), `guards` (those that failed, "; " between them), `trial` (1…, of the
valid ones), `memory_total` (bytes; null in older rows) and `value` (null where it was not read). A claim that was skipped has
no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.evidence.recording import Number
from harness.evidence.schema import QuantityRow, Row, decided
from harness.reports.arrays import number_array, text_array
from harness.reports.wording import setting
from harness.verdicts.judged import Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OF_ROW = ("run", "claim", "experiment", "setting", "kernel", "series", "machine", "accelerator", "verdict", "known", "guards")
OF_ENTRY = ("role", "quantity", "unit", "if_true", "if_false")


def entries(row: Row) -> Iterator[tuple[QuantityRow, str, str, list[Number | None]]]:
    """Gives the quantity, role, name and values of a row's quantities and of the two references that go with each."""
    for quantity, *references in decided(row):
        yield quantity, "decides", quantity["name"], quantity["values"]
        for reference in references:
            yield quantity, f"must read {reference['must']}", reference["name"], reference["values"]


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Writes the table of all cells."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    texts: dict[str, list[str]] = {name: [] for name in (*OF_ROW, *OF_ENTRY)}
    trials: list[int] = []
    totals: list[int | None] = []
    values: list[float | None] = []
    for one in outcomes:
        for row in one.rows:
            of_row = (
                *(row.get("run", one.directory.parent.parent.name), row["claim"], row["experiment"], setting(one.cell["axis"])),
                *(row["kernel"], row["series"], row["machine"], row["accelerator"], row["verdict"], row["known"] or ""),
                "; ".join(row["guards"]),
            )
            for quantity, role, name, read in entries(row):
                of_entry = (role, name, quantity["unit"], quantity["if_true"], quantity["if_false"])
                for trial, value in enumerate(read, 1):
                    for column, text in zip((*OF_ROW, *OF_ENTRY), (*of_row, *of_entry), strict=True):
                        texts[column].append(text)
                    trials.append(trial)
                    totals.append(row.get("memory_total"))
                    values.append(value)

    def absent(found: Sequence[float | None]) -> NDArray[np.bool_]:
        return np.array([one is None for one in found], np.bool_)

    columns = {
        **{name: text_array(column) for name, column in texts.items()},
        "trial": number_array(np.array(trials, np.int64)),
        "memory_total": number_array(np.array([one or 0 for one in totals], np.int64), absent(totals)),
        "value": number_array(np.array([one or 0 for one in values], np.float64), absent(values)),
    }
    parquet.write_table(pa.Table.from_arrays(list(columns.values()), names=list(columns)), path)
