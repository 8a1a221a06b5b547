"""Runs ended from outside, and QEMU frozen: the short forms of what `invoke faults` does at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.faults import ended, frozen
from harness.faults.shown import Asked

pytestmark = pytest.mark.guest


def test_runs_ended_in_every_way_leave_nothing(tmp_path: Path) -> None:
    shown = list(ended.show(Asked(len(ended.WAYS), "", 1, tmp_path)))
    assert [one for one in shown if not one.holds] == []
    assert {one.what.rpartition(" by ")[2] for one in shown if " by " in one.what} == set(ended.WAYS)


@pytest.mark.parametrize("moment", ["while its snapshot is saved", "in a trial"])
def test_a_frozen_qemu_ends_the_run(moment: str, tmp_path: Path) -> None:
    shown = frozen.frozen(moment, tmp_path)
    assert shown.holds, shown.said
