"""quantities.parquet: what every verdict of a run stands on, as one table.

A row for each valid trial of each quantity and reference, with the columns `claim`, `experiment`, `setting` ("lru=mglru")
and `kernel` (as in samples.parquet), `verdict`, `known` ("" without a known answer), `role` ("decides", "must read
true", "must read false"), `quantity`, `unit`, `trial` (1…, of the valid ones) and `value` (null where it was not read).
A claim that was skipped has no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.evidence.recording import Number
from harness.evidence.schema import Row, decided
from harness.reports import samples_table
from harness.reports.wording import setting
from harness.verdicts.judged import Outcome

TEXTS = ("claim", "experiment", "setting", "kernel", "verdict", "known", "role", "quantity", "unit")


def entries(row: Row) -> Iterator[tuple[str, str, str, list[Number | None]]]:
    """Gives role, name, unit and values of a row's quantities and references: of each quantity the two that go with it."""
    for quantity, *references in decided(row):
        yield "decides", quantity["name"], quantity["unit"], quantity["values"]
        for reference in references:
            yield f"must read {reference['must']}", reference["name"], quantity["unit"], reference["values"]


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Writes the table of all cells."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    texts: dict[str, list[str]] = {name: [] for name in TEXTS}
    trials: list[int] = []
    values: list[float | None] = []
    for one in outcomes:
        for row in one.rows:
            for role, name, unit, read in entries(row):
                told = (
                    row["claim"],
                    row["experiment"],
                    setting(one.cell["axis"]),
                    row["kernel"],
                    row["verdict"],
                    row["known"] or "",
                    role,
                    name,
                    unit,
                )
                for trial, value in enumerate(read, 1):
                    for column, text in zip(TEXTS, told, strict=True):
                        texts[column].append(text)
                    trials.append(trial)
                    values.append(value)
    absent = np.array([value is None for value in values], np.bool_)
    columns = {
        **{name: samples_table.text_array(column) for name, column in texts.items()},
        "trial": samples_table.number_array(np.array(trials, np.int64)),
        "value": samples_table.number_array(np.array([value or 0 for value in values], np.float64), absent),
    }
    parquet.write_table(pa.Table.from_arrays(list(columns.values()), names=list(columns)), path)
