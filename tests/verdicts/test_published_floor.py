"""The published floor of a kernel series, as cell.json keeps it."""

from __future__ import annotations

import json
from pathlib import Path

from harness.verdicts import noise


def test_it_keeps_how_far_each_counter_moved_up_or_down(tmp_path: Path) -> None:
    moving = {"meminfo:Cached": {"min": -8, "max": 2}, "vmstat:pgfault": {"min": 0, "max": 3}, "a": {"min": 1, "max": 2}}
    (tmp_path / "noise-6.12.json").write_text(json.dumps({"kernel": "6.12.118", "runs": 50, "moving": moving}))
    counters = {"meminfo:Cached": 8, "vmstat:pgfault": 3, "a": 2}
    assert noise.published("6.12", tmp_path) == {"kernel": "6.12.118", "runs": 50, "counters": counters}


def test_each_architecture_has_floors_of_its_own(tmp_path: Path) -> None:
    """That of x86_64 has no more than the series in its name, as it had before there were others."""
    assert noise.path_of("6.12", tmp_path).name == noise.path_of("6.12", tmp_path, "x86_64").name == "noise-6.12.json"
    assert noise.path_of("6.12", tmp_path, "aarch64") == tmp_path / "noise-aarch64-6.12.json"
    for arch, runs in (("x86_64", 50), ("aarch64", 20)):
        noise.path_of("6.12", tmp_path, arch).write_text(json.dumps({"kernel": "6.12.118", "runs": runs, "moving": {}}))
    found = [noise.published("6.12", tmp_path), noise.published("6.12", tmp_path, "aarch64")]
    assert [one and one["runs"] for one in found] == [50, 20]


def test_where_none_is_published_or_it_is_no_json_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "noise-5.10.json").write_text("{")
    assert noise.published("5.10", tmp_path) is None
    assert noise.published("6.1", tmp_path) is None
