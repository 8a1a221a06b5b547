"""The table that people read, the lines of growth, and what is said of a wrong command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.bench import report, session, whole_system
from harness.bench.comparison import Limit, Row, Timing
from harness.bench.growth import Growth
from harness.evidence import json_file
from tests.commands import invoke, one_line


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0652, "s", "65.2 ms"),
        (2.5, "s", "2.5 s"),
        (0.00019, "s", "190 µs"),
        (1234.0, "s", "1,234 s"),
        (0.045, "of a core", "4.5 % of a core"),
        (0.0695, "MB", "0.0695 MB"),
    ],
)
def test_amounts(value: float, unit: str, text: str) -> None:
    assert report.amount(value, unit) == text


def test_ratios() -> None:
    assert (report.ratio(1.031), report.ratio(0.005)) == ("1.03 ×", "1/200")


def test_the_page(tmp_path: Path) -> None:
    row = Row(
        "restored guest",
        "…",
        "s",
        (Timing("restored", ((0.07, 0.08),)), Timing("booted", ((2.0,),))),
        "6.1",
        (Limit(0.08), Limit(1 / 200, "booted")),
        {"virtme-ng": "it is not installed"},
    )
    grown = Growth("trials", "trials", ((1, 1.0, 10_000), (2, 1.5, 20_000), (4, 2.5, 40_000)))
    host = {"started": "today", "cpus": 2, "release": "6", "accelerator": "without", "load": 0.1}
    json_file.write(
        tmp_path / "bench.json",
        {"host": host, "rows": [row.as_json()], "skipped": ["test bed: it takes root"], "growth": [grown.as_json()]},
    )
    page = report.write(tmp_path).read_text()
    assert "| **restored guest** | 6.1 | 75 ms | 70 ms |" in page
    assert "at most 80 ms: met" in page
    assert "1/26.7 (1/26.7 to 1/26.7) | at most 1/200: **missed** |" in page
    assert "| beside: virtme-ng | 6.1 | skipped |" in page
    assert "0.50 s + 500 ms each" in page
    assert "| 1.00, 1.00 |" in page
    assert "Not measured: test bed: it takes root." in page


def test_percentiles_are_told_of_a_hundred_values() -> None:
    hundred = Timing("restored", (tuple(number / 1000 for number in range(1, 101)),))
    row = Row("many restores", "…", "s", (hundred, Timing("few", ((0.05,) * 99,))), "6.1")
    assert row.as_json()["ours"]["p95"] == 0.09505
    assert row.as_json()["ours"]["p99"] == 0.09901
    assert "p99" not in row.as_json()["peers"][0]
    ours, peer = report.rows([row.as_json()])
    assert ours[4].endswith("; p95 95 ms; p99 99 ms")
    assert "p95" not in peer[4]


def test_rows_that_a_session_does_not_measure_stay(tmp_path: Path) -> None:
    long, short = ({"row": name, "kernel": "6.1"} for name in ("catalogue", "restore"))
    path = tmp_path / "bench.json"
    assert session.earlier(path, [short]) == []
    json_file.write(path, {"host": {"started": "yesterday"}, "rows": [{**long, "measured": "last week"}, short]})
    assert session.earlier(path, [short]) == [{**long, "measured": "last week"}]
    assert session.earlier(path, []) == [{**long, "measured": "last week"}, {**short, "measured": "yesterday"}]


def test_a_row_that_was_measured_elsewhere() -> None:
    row = Row("sample", "…", "s", (Timing("agent", ((0.07, 0.08),)), Timing("psutil", ((2.0,),))), "", (Limit(1 / 8, "psutil"),))
    assert whole_system.row(json.loads(json.dumps(row.raw()))) == row


def test_growth_beyond_a_line_shows() -> None:
    grown = Growth("sizes", "MiB", ((1, 1.0, 1), (2, 4.0, 2), (4, 16.0, 4), (8, 64.0, 8)))
    assert grown.seconds.last_step > 1.25
    assert grown.evidence.last_step == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--turns", "0"],
        ["--noise", "--clones"],
        ["--section", "tmpfs"],
        ["--turns", "x"],
        ["--clones", "--mutants"],
        ["--only", "tmpfs-dropped"],
        ["--sample", "0", "--mutants"],
    ],
)
def test_wrong_usage(words: list[str]) -> None:
    one_line(invoke("bench", *words), 1, words[0])
