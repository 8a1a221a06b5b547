"""Damaged evidence, in short: nothing changes without a word. docs/reliability.md has the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import catalogue
from harness.false_evidence.made import write_matrix
from harness.faults import damage
from tests.refuting import tmpfs_dropped


@pytest.mark.parametrize("pattern", [damage.RECORDINGS, damage.JSON])
def test_no_damage_goes_unnoticed(pattern: str, tmp_path: Path) -> None:
    experiment = catalogue.load()["tmpfs-dropped"]
    run = write_matrix(tmp_path / "run", experiment, {"6.12.9-made": {"": [tmpfs_dropped.GOOD] * 3}})
    found = list(damage.damages(run, pattern, 150, seed=3))
    assert [one for one in found if one.outcome in damage.FAULTS] == []
    assert sum(one.outcome == damage.NOTICED for one in found) > 130


def test_it_tells_a_change_that_nobody_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without digests and seals, evidence that was rewritten by hand is taken for what was recorded: the test can fail."""
    monkeypatch.setattr("harness.evidence.integrity.faults", lambda *_: iter(()))
    monkeypatch.setattr("harness.faults.damage.FILES", (damage.rewrite,))
    experiment = catalogue.load()["tmpfs-dropped"]
    run = write_matrix(tmp_path / "run", experiment, {"6.12.9-made": {"": [tmpfs_dropped.GOOD] * 3}})
    found = {one.outcome for one in damage.damages(run, damage.RECORDINGS, 80, seed=3)}
    assert damage.SILENT in found
