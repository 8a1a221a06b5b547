"""Questions that users have, as experiments outside of the catalogue: each runs as theirs do, and is answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import ROOT, invoke

OWN = ROOT / "tests" / "own_experiments"
NAMES = sorted(path.stem for path in OWN.glob("*.py"))


def test_there_are_some() -> None:
    assert len(NAMES) >= 3


@pytest.mark.guest
@pytest.mark.parametrize("name", NAMES)
def test_a_question_of_a_users_own_is_answered(tmp_path: Path, name: str) -> None:
    words = ("run-experiment", name.replace("_", "-"), "--trials", "1", "--jobs", "1", "--json", "--results", str(tmp_path))
    finished = invoke(*words, "--experiments", str(OWN))
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    rows = json.loads(finished.stdout)["verdicts"]
    assert rows
    assert [row["verdict"] for row in rows] == [row["known"] for row in rows]
