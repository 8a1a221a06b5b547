"""quantities.parquet: each value of each verdict, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd

from harness.reports import quantities_table
from tests.reports.made import PAGES, Made, cell, trial


def test_a_row_for_each_trial_and_reading(tmp_path: Path) -> None:
    cells = [
        cell(tmp_path, [trial(), trial(kept=PAGES - 1)], axis={"lru": "classic"}),
        cell(tmp_path, [Made(status="skipped", reason="no swap")], axis={"lru": "mglru"}),
    ]
    quantities_table.write(tmp_path / "quantities.parquet", [one.outcome for one in cells])
    table = pd.read_parquet(tmp_path / "quantities.parquet")
    assert len(table) == 6
    assert set(table["setting"]) == {"lru=classic"}
    decides = table[table["role"] == "decides"]
    assert decides["value"].tolist() == [PAGES, PAGES - 1]
    assert decides["trial"].tolist() == [1, 2]
    assert set(decides["verdict"]) == {"undecided"}
    assert set(decides["known"]) == {"confirmed"}
    assert set(decides["quantity"]) == {"pages of the file kept"}
    assert set(table["role"]) == {"decides", "must read true", "must read false"}
    assert set(table["if_true"]) == {f"= {PAGES}"}
    assert set(table["if_false"]) == {f"<= {PAGES - 1}"}
    assert set(table["run"]) == {tmp_path.name}
    assert set(table["series"]) == {"6.12"}
    assert set(table["machine"]) == {"vm"}
    assert set(table["accelerator"]) == {"tcg"}
    assert set(table["memory_total"]) == {1 << 30}
    assert set(table["guards"]) == {""}


def test_guards_that_failed_are_told(tmp_path: Path) -> None:
    quantities_table.write(tmp_path / "quantities.parquet", [cell(tmp_path, [trial(), trial(swapped=1)]).outcome])
    table = pd.read_parquet(tmp_path / "quantities.parquet")
    assert len(table) == 3  # the guarded trial is not among the valid ones
    assert all("pswpout" in said for said in table["guards"])


def test_what_was_not_read_is_absent(tmp_path: Path) -> None:
    made = Made([event for event in trial().events if event[1].get("label") != "locked"])
    quantities_table.write(tmp_path / "quantities.parquet", [cell(tmp_path, [made]).outcome])
    table = pd.read_parquet(tmp_path / "quantities.parquet")
    assert table[table["role"] == "must read true"]["value"].isna().all()
    assert table[table["role"] == "decides"]["value"].tolist() == [PAGES]


def test_writing_needs_no_pandas() -> None:
    code = """
import sys, pathlib
from harness.reports import quantities_table
quantities_table.write(pathlib.Path("/dev/null"), [])
sys.exit("pandas" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
