"""docs/pandas.md: its code is run as it stands there, on a run of its command; its tables of columns are whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.linux import counters
from harness.paths import ROOT
from harness.reports import columns, tables
from tests.commands import invoke
from tests.docs.test_pages import blocks

PAGE = (ROOT / "docs" / "pandas.md").read_text("utf-8")
UNITS = dict(re.findall(r"^\| (KiB|bytes|pages|s|us|0\.01 %|ticks|points|count) \| (.*) \|$", PAGE, re.M))


@pytest.mark.guest
def test_the_code_on_the_page_ends_in_a_plot(tmp_path: Path) -> None:
    (command,) = [block.text.split() for block in blocks("pandas.md") if block.kind == "sh"]
    done = invoke(*command[1:], "--results", str(tmp_path / "results" / "runs"))
    assert done.returncode == 0, done.stdout + done.stderr
    code = "\n".join(block.text for block in blocks("pandas.md") if block.kind == "python")
    (tmp_path / "page.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"tmpfs-unreclaimable\s+confirmed\s+confirmed\s+6\.12", done.stdout)
    taken = re.findall(r"^[12]\s+(-\d+\.\d+)$", done.stdout, re.M)
    assert len(taken) == 2
    assert all(float(one) < -32 for one in taken)  # at least the clean file of 32 MiB
    from matplotlib import pyplot

    picture = pyplot.imread(tmp_path / "cached.png")
    assert picture.shape[:2] == (420, 840)
    coloured = np.ptp(picture[:, :, :3], axis=2) > 0.2  # blue and orange lines, not only axes
    assert coloured.any(axis=0).sum() > 400


def test_every_unit_and_every_file_is_documented() -> None:
    assert set(UNITS) == {columns.COUNT, "s", *(unit for _, _, unit in columns.UNITS), "KiB", "bytes", "pages"}
    text = "\n".join(UNITS.values())
    named = {file for file in counters.FILES if f"`{file}`" in text}
    assert set(counters.FILES) - named == {"cgroup.procs"}  # no number is read from it


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_columns_have_the_unit_under_which_they_stand(unit: str) -> None:
    """Of each file that is named without an exception in parentheses: a key of it has this unit."""
    sample = {"meminfo": "Cached", "swaps": "used", "smaps_rollup": "Pss", "statm": "size", "zoneinfo": "0.DMA.free"}
    for file in re.findall(r"`([\w.]+)`(?=[,;]|$)", UNITS[unit].split(";")[0]):
        if file in counters.FILES and (file in sample or columns.file_and_key(f"box/{file}") == (file, "")):
            key = f":{sample[file]}" if file in sample else ""
            name = f"{file}{key}" if file in counters.MACHINE else f"box/{file}{key}"
            assert columns.unit(name) == unit or (key == "" and unit in {"us", "0.01 %", "count", "ticks"}), name


def test_what_load_gives_is_documented() -> None:
    given = {name for name in tables.Tables.__dataclass_fields__ if name != "run"} | {"column(name)", "mib(name)"}
    assert given == set(
        re.findall(r"^\| `(samples|constants|moments|quantities|verdicts|units|column\(name\)|mib\(name\))` \|", PAGE, re.M)
    )
