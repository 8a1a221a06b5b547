"""A run's tables in pandas: `load(run)` gives all of them, with units and settings (docs/pandas.md shows how they are used)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.linux.sizes import MIB
from harness.paths import RUNS
from harness.reports.columns import FIRST, PAGE_SIZE, unit
from harness.reports.wording import setting

if TYPE_CHECKING:
    import pandas as pd

CELL = ("experiment", "setting", "kernel")  # what tells the cells of a run apart


@dataclass(frozen=True)
class Tables:
    """The tables of a run.

    samples: a row for each sample, with the settings of its cell as columns; `units`: column → unit. constants: counter → the
    one value that all samples have. moments: the named samples, without counters. quantities: what each verdict stands on.
    verdicts: the rows of verdicts.json, the settings as columns.
    """

    run: Path
    samples: pd.DataFrame
    constants: pd.DataFrame
    moments: pd.DataFrame
    quantities: pd.DataFrame
    verdicts: pd.DataFrame
    units: dict[str, str]

    def column(self, counter: str) -> pd.Series[Any]:
        """Gives a counter of every sample, also one that is constant. Raises UsageError for one that the run has not."""
        if counter in self.samples.columns:
            found: pd.Series[Any] = self.samples[counter]
            return found
        if counter not in self.constants.index:
            near = difflib.get_close_matches(counter, self.units, n=3)
            raise UsageError(
                f"column {counter!r}",
                "the run has none of that name, or it was not loaded",
                f"did you mean {', '.join(near)}?" if near else "`units` names them all",
            )
        import pandas as pd

        value = self.constants["value"].to_dict()[counter]
        constant: pd.Series[Any] = pd.Series([value] * len(self.samples), index=self.samples.index, dtype="Int64", name=counter)
        return constant

    def mib(self, counter: str) -> pd.Series[Any]:
        """Gives a counter of every sample in MiB. Raises UsageError for one that is no amount of memory."""
        sizes = {"KiB": 1024, "bytes": 1}
        of = self.units.get(counter, "")
        values = self.column(counter)
        if of == "pages":
            return values * self.column(PAGE_SIZE) / MIB
        if of not in sizes:
            raise UsageError(
                f"column {counter!r}", f"its unit is {of or 'none'}", "only KiB, bytes and pages are amounts of memory"
            )
        return values * sizes[of] / MIB


def load(run: str | Path = "latest", parent: Path = RUNS, columns: Sequence[str] | None = None) -> Tables:
    """Loads the tables of a run. run: its directory, its id, or latest; parent: where runs are. columns: only these counters: of
    hundreds of cells there are thousands. Raises UsageError where there is no such run, or no table in it."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import dataset, parquet

    directory = run_directory.find(str(run), parent)
    kinds = {pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype(), pa.string(): pd.StringDtype("python")}

    def table(name: str, only: Sequence[str] | None = None) -> pd.DataFrame:
        path = directory / name
        if not path.exists():
            raise UsageError(f"run {directory}", f"it has no {name}", "`invoke report` makes one from its evidence")
        found: pd.DataFrame = parquet.read_table(path, columns=only).to_pandas(types_mapper=kinds.get)
        return found

    there = dataset.dataset(path).schema.names if (path := directory / "samples.parquet").exists() else []
    wanted = None if columns is None else [*FIRST, *(name for name in [PAGE_SIZE, *columns] if name in there)]
    constants = table("constants.parquet").set_index("counter")
    samples = table("samples.parquet", wanted)
    settings = pd.DataFrame(settings_of_cells(directory)).drop_duplicates(list(CELL))
    if len(settings.columns):
        samples = samples.merge(settings, how="left", on=list(CELL), validate="many_to_one")
    units = {name: unit(name) for name in [*there, *constants.index]}
    samples.attrs["units"] = units
    moments = samples.loc[samples["sample"] != "", list(FIRST)].reset_index(drop=True)
    verdicts = verdicts_of(run_directory.read_verdicts(directory)["verdicts"])
    return Tables(directory, samples, constants, moments, table("quantities.parquet"), verdicts, units)


def settings_of_cells(run: Path) -> Iterator[dict[str, str]]:
    """Gives, for each cell, what tells it apart, and the settings that all its verdicts were decided under."""
    for name in run_directory.cells_here(run):
        cell = run_directory.read_cell(run_directory.cell_directory(run, name))
        of_rows = [row["settings"] for row in cell.get("verdicts", [])]
        shared = {
            key: value for one in of_rows[:1] for key, value in one.items() if all(other.get(key) == value for other in of_rows)
        }
        yield {
            **shared,
            **cell["axis"],
            "experiment": cell["experiment"],
            "setting": setting(cell["axis"]),
            "kernel": cell["kernel"],
        }


def verdicts_of(rows: Sequence[Row]) -> pd.DataFrame:
    """Makes a table of rows of verdicts.json: what is no list is a column, and so is each setting."""
    import pandas as pd

    plain = [{key: value for key, value in row.items() if not isinstance(value, (dict, list))} for row in rows]
    found = [{**row["settings"], **one} for row, one in zip(rows, plain, strict=True)]
    table: pd.DataFrame = pd.DataFrame(found).convert_dtypes()
    return table
