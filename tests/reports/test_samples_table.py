"""Samples as tables: exact, with units, and nothing where nothing was read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from harness.reports import columns, samples_table, tracks
from harness.verdicts.judged import Judged
from tests.reports.made import Made, cell, meminfo, sample, series, trial


def piece(judged: Judged) -> Path:
    """A cell's own file."""
    path = judged.directory.with_name(judged.directory.name + samples_table.PIECE)
    samples_table.write(path, judged, tracks.of_cell(judged))
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
    assert list(table.columns) == [
        "experiment",
        "setting",
        "kernel",
        "trial",
        "arm",
        "sample",
        "t",
        "page_size",
        "meminfo:Cached",
    ]
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
    assert (units["vmstat:nr_dirty"], units["vmstat:pgfault"]) == ("pages", "count")
    assert set(units) == set(table.columns)


def test_probes_have_any_name(tmp_path: Path) -> None:
    table = samples_table.frame(
        cell(tmp_path, [Made([sample("one", 0, **{"file: parent/statm": "1 2 3\n", "a/b/memory.current": "4096\n"})])])
    )
    assert table["file: parent/statm:resident"].tolist() == [2]
    assert table.attrs["units"]["file: parent/statm:resident"] == "pages"
    assert table.attrs["units"]["a/b/memory.current"] == "bytes"


def test_a_cell_without_samples_has_no_rows(tmp_path: Path) -> None:
    assert samples_table.frame(cell(tmp_path, [Made(status="skipped", reason="no swap")])).shape == (0, 8)


def test_a_run_in_one_table(tmp_path: Path) -> None:
    cells = [
        cell(tmp_path, [trial(), trial()], axis={"lru": "classic"}),
        cell(tmp_path, [Made([series(0, worker__statm="1 2 3\n")])], axis={"lru": "mglru"}),
    ]
    path = tmp_path / "samples.parquet"
    pieces = [piece(one) for one in cells]
    samples_table.combine(path, pieces, samples_table.constants(pieces)[0])
    assert parquet.read_schema(path / samples_table.ALL_COLUMNS).field("meminfo:Cached").metadata == {b"unit": b"KiB"}
    table = pd.read_parquet(path)
    assert table.groupby("setting").size().to_dict() == {"lru=classic": 204, "lru=mglru": 1}
    classic, mglru = table[table["setting"] == "lru=classic"], table[table["setting"] == "lru=mglru"]
    assert classic["meminfo:Cached"].notna().all()
    assert mglru["meminfo:Cached"].isna().all()
    assert classic[classic["sample"] == "dropped"]["meminfo:Cached"].tolist() == [40_000, 40_000]
    pd.testing.assert_series_equal(classic["t"], samples_table.frame(cells[0])["t"])


def test_what_is_constant_stands_apart(tmp_path: Path) -> None:
    cells = [
        cell(tmp_path, [Made([series(0, meminfo=meminfo(MemTotal=8, Cached=1, Dirty=0)), series(9)])], axis={"lru": "classic"}),
        cell(tmp_path, [Made([series(0, meminfo=meminfo(MemTotal=8, Cached=1, Dirty=1))])], axis={"lru": "mglru"}),
    ]
    pieces = [piece(one) for one in cells]
    varying, constant = samples_table.constants(pieces)
    samples_table.combine(tmp_path / "samples.parquet", pieces, varying)
    samples_table.write_constants(tmp_path / "constants.parquet", constant)
    table = pd.read_parquet(tmp_path / "samples.parquet")
    assert [name for name in table.columns if name not in columns.FIRST] == ["meminfo:Dirty"]
    constants = pd.read_parquet(tmp_path / "constants.parquet")
    assert constants.to_dict("records") == [
        {"counter": "page_size", "unit": "bytes", "value": 4096, "samples": 3},
        {"counter": "meminfo:MemTotal", "unit": "KiB", "value": 8, "samples": 2},
        {"counter": "meminfo:Cached", "unit": "KiB", "value": 1, "samples": 2},
    ]


def test_what_is_no_measurement_is_left_out(tmp_path: Path) -> None:
    status = "Umask:\t0022\nPid:\t77\nVmRSS:\t  100 kB\nCapEff:\t000001ffffffffff\nSigQ:\t0/1\nThreads:\t1\nSeccomp:\t0\n"
    table = samples_table.frame(cell(tmp_path, [Made([sample("one", 0, worker__status=status)])]))
    assert [name for name in table.columns if name not in columns.FIRST] == [
        "page_size",
        "worker/status:VmRSS",
        "worker/status:Threads",
    ]


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("pressure.memory:some.total", "us"),
        ("box/memory.pressure:full.avg10", "0.01 %"),
        ("box/cpu.stat:user_usec", "us"),
        ("box/cpu.stat:nr_periods", "count"),
        ("slabinfo:dentry.active_objs", "count"),
        ("slabinfo:dentry.objsize", "bytes"),
        ("vmstat:pgfree", "pages"),
        ("worker/stat:utime", "ticks"),
        ("worker/oom_score_adj", "points"),
        ("worker/limits:Max locked memory.soft", "bytes"),
        ("worker/limits:Max open files.soft", "count"),
        ("a/b: c/memory.current", "bytes"),
        ("trial", "count"),
        ("t", "s"),
        ("sample", ""),
    ],
)
def test_units(column: str, unit: str) -> None:
    assert columns.unit(column) == unit


def test_a_cell_has_its_own_columns_in_its_file(tmp_path: Path) -> None:
    """What a run of many cells takes grows with what they tell, not with the columns of all for each of them."""
    pieces = [
        piece(
            cell(
                tmp_path,
                [Made([series(0, **{f"only {number}/statm": "1 2 3\n"}), series(1, **{f"only {number}/statm": "2 3 4\n"})])],
                axis={"number": str(number)},
            )
        )
        for number in range(3)
    ]
    path = tmp_path / "samples.parquet"
    samples_table.combine(path, pieces, samples_table.constants(pieces)[0])
    first, *cells = sorted(path.iterdir())
    resident = [f"only {number}/statm:resident" for number in range(3)]
    assert parquet.read_metadata(first).num_rows == 0
    assert [name for name in parquet.read_schema(first).names if name.endswith("resident")] == resident
    for one, own in zip(cells, resident, strict=True):
        assert [name for name in parquet.read_schema(one).names if name.endswith("resident")] == [own]
    table = pd.read_parquet(path, columns=["setting", *resident])
    assert table["setting"].tolist() == [f"number={number}" for number in range(3) for _ in range(2)]
    assert [table[name].dropna().tolist() for name in resident] == [[2, 3]] * 3


def test_a_run_without_samples_has_a_table_without_rows(tmp_path: Path) -> None:
    pieces = [piece(cell(tmp_path, [Made(status="skipped", reason="no swap")]))]
    samples_table.combine(tmp_path / "samples.parquet", pieces, samples_table.constants(pieces)[0])
    assert pd.read_parquet(tmp_path / "samples.parquet").shape == (0, len(columns.FIRST))


def test_writing_needs_no_pandas(tmp_path: Path) -> None:
    """Its import costs more than the rest of a report together."""
    code = """
import sys
from pathlib import Path
from harness.evidence import recording
from harness.reports import samples_table, tracks
from harness.verdicts.judged import Judged
from types import SimpleNamespace
track = tracks.of_recording(recording.read(Path(sys.argv[1])))
cell = SimpleNamespace(experiment=SimpleNamespace(name="one"), cell={"axis": {}, "kernel": "6.12"})
samples_table.write(Path(sys.argv[2]), cell, [track])
varying, constant = samples_table.constants([Path(sys.argv[2])] * 2)
samples_table.combine(Path(sys.argv[2] + ".all"), [Path(sys.argv[2])] * 2, varying)
samples_table.write_constants(Path(sys.argv[2] + ".constants"), constant)
sys.exit("pandas" in sys.modules)
"""
    recording = next(cell(tmp_path, [trial()]).directory.glob("*.zst"))
    subprocess.run([sys.executable, "-c", code, recording, tmp_path / "samples.arrow"], check=True, cwd=Path(__file__).parents[2])
