"""Samples as tables: exact, with units, and nothing where nothing was read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
from pyarrow import parquet

from harness.reports import samples_table
from harness.verdicts.judged import Judged
from tests.reports.made import Made, cell, meminfo, sample, series, trial


def piece(judged: Judged) -> Path:
    """A cell's own file."""
    path = judged.directory / "samples.arrow"
    samples_table.write(path, judged, samples_table.tracks(judged))
    return path


HUGE = (1 << 53) + 1  # the first whole number that a float can't hold


def test_a_row_for_each_sample(tmp_path: Path) -> None:
    table = samples_table.frame(
        cell(
            tmp_path,
            [
                Made(
                    [
                        sample("before", 2_000, meminfo=meminfo(Cached=10)),
                        series(2_500, meminfo=meminfo(Cached=20)),
                        series(1_500, meminfo=meminfo(Cached=30)),
                    ]
                )
            ],
            axis={"lru": "mglru"},
        )
    )
    assert list(table.columns) == ["experiment", "setting", "kernel", "trial", "arm", "sample", "t", "meminfo:Cached"]
    assert table["t"].tolist() == [0.0, 0.5, 1.0]  # in the order of time, from the first sample
    assert table["sample"].tolist() == ["", "before", ""]
    assert table["meminfo:Cached"].tolist() == [30, 10, 20]
    assert set(table["setting"]) == {"lru=mglru"}
    assert set(table["kernel"]) == {"6.12.117-made"}
    assert set(table["trial"]) == {1}


def test_what_was_not_read_is_absent(tmp_path: Path) -> None:
    table = samples_table.frame(
        cell(
            tmp_path,
            [
                Made(
                    [
                        series(0, meminfo=meminfo(Cached=1), vmstat="pgfault 1\n"),
                        series(10, meminfo=meminfo(Cached=2), vmstat=None, worker__statm="9 8 7 6 5 4 3\n"),
                        series(20, meminfo=meminfo(Cached=3), vmstat="pgfault 3\nthp_new 0\n"),
                    ]
                )
            ],
        )
    )
    assert table["vmstat:pgfault"].isna().tolist() == [False, True, False]
    assert table["vmstat:thp_new"].isna().tolist() == [True, True, False]
    assert table["vmstat:thp_new"].iloc[2] == 0
    assert table["worker/statm:resident"].isna().tolist() == [True, False, True]
    assert table["vmstat:pgfault"].dropna().tolist() == [1, 3]


def test_numbers_are_exact_and_have_units(tmp_path: Path) -> None:
    files = {
        "meminfo": meminfo(Cached=HUGE),
        "vmstat": "nr_dirty 3\npgfault 5\n",
        "never_heard_of": "1",
        "worker__oom_score_adj": "-3\n",
    }
    table = samples_table.frame(cell(tmp_path, [Made([series(0, **files)])]))
    assert table["meminfo:Cached"].tolist() == [HUGE]
    assert table["vmstat:nr_dirty"].tolist() == [3]
    assert table["worker/oom_score_adj"].tolist() == [-3]
    units = table.attrs["units"]
    assert units["t"] == "s"
    assert units["meminfo:Cached"] == "KiB"
    assert (units["vmstat:nr_dirty"], units["vmstat:pgfault"]) == ("pages", "")
    assert set(units) == set(table.columns)


def test_probes_have_any_name(tmp_path: Path) -> None:
    table = samples_table.frame(
        cell(tmp_path, [Made([sample("one", 0, **{"file: parent/statm": "1 2 3\n", "a/b/memory.current": "4096\n"})])])
    )
    assert table["file: parent/statm:resident"].tolist() == [2]
    assert table.attrs["units"]["file: parent/statm:resident"] == "pages"
    assert table.attrs["units"]["a/b/memory.current"] == "bytes"


def test_a_cell_without_samples_has_no_rows(tmp_path: Path) -> None:
    assert samples_table.frame(cell(tmp_path, [Made(status="skipped", reason="no swap")])).shape == (0, 7)


def test_a_run_in_one_file(tmp_path: Path) -> None:
    cells = [
        cell(tmp_path, [trial(), trial()], axis={"lru": "classic"}),
        cell(tmp_path, [Made([series(0, worker__statm="1 2 3\n")])], axis={"lru": "mglru"}),
    ]
    path = tmp_path / "samples.parquet"
    samples_table.combine(path, [piece(one) for one in cells])
    assert parquet.read_schema(path).field("meminfo:Cached").metadata == {b"unit": b"KiB"}
    table = pd.read_parquet(path)
    assert table.groupby("setting").size().to_dict() == {"lru=classic": 204, "lru=mglru": 1}
    classic, mglru = table[table["setting"] == "lru=classic"], table[table["setting"] == "lru=mglru"]
    assert classic["meminfo:Cached"].notna().all()
    assert classic["worker/statm:size"].isna().all()
    assert mglru["meminfo:Cached"].isna().all()
    assert classic[classic["sample"] == "dropped"]["meminfo:Cached"].tolist() == [40_000, 40_000]
    pd.testing.assert_series_equal(classic["t"], samples_table.frame(cells[0])["t"])


def test_cells_share_row_groups(tmp_path: Path) -> None:
    pieces = [piece(cell(tmp_path, [Made([series(0), series(1)])], axis={"number": str(number)})) for number in range(5)]
    assert [len(batch) for batch in samples_table.batches(pieces, rows=4)] == [2, 2, 1]


def test_writing_needs_no_pandas(tmp_path: Path) -> None:
    """Its import costs more than the rest of a report together."""
    code = """
import sys
from pathlib import Path
from harness.evidence import recording
from harness.reports import samples_table
from harness.verdicts.judged import Judged
from types import SimpleNamespace
track = samples_table.track(recording.read(Path(sys.argv[1])))
cell = SimpleNamespace(experiment=SimpleNamespace(name="one"), cell={"axis": {}, "kernel": "6.12"})
samples_table.write(Path(sys.argv[2]), cell, [track])
samples_table.combine(Path(sys.argv[2] + ".all"), [Path(sys.argv[2])] * 2)
sys.exit("pandas" in sys.modules)
"""
    recording = next(cell(tmp_path, [trial()]).directory.glob("*.zst"))
    subprocess.run([sys.executable, "-c", code, recording, tmp_path / "samples.arrow"], check=True, cwd=Path(__file__).parents[2])
