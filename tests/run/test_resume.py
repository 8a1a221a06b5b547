"""What a run's lock keeps apart, and what a killed run leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.run import resume


def test_what_a_killed_run_left_half_made_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("killed", "at it", "ended"):
        (tmp_path / name / "experiments/x").mkdir(parents=True)
        for left in (".samples.parquet.new", "experiments/x/.cell.json.new", "experiments/x/trial-1.jsonl.zst"):
            (tmp_path / name / left).touch()
    (tmp_path / "killed/.site.new").mkdir()
    (tmp_path / "killed/.lock").touch()
    with resume.held(tmp_path / "at it"):
        resume.sweep(tmp_path)
        with pytest.raises(UsageError, match="another process is at it"), resume.held(tmp_path / "at it"):
            pass
    there = {name: sorted(path.name for path in (tmp_path / name).rglob("*") if path.is_file()) for name in os.listdir(tmp_path)}
    assert there["killed"] == ["trial-1.jsonl.zst"]
    assert not (tmp_path / "killed/.site.new").exists()
    assert there["at it"] == there["ended"] == [".cell.json.new", ".samples.parquet.new", "trial-1.jsonl.zst"]
