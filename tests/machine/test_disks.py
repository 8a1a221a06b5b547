"""Disk images: which this host can make."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claims.needs import DISK, SWAP, Disk, Needs
from harness.linux.sizes import MIB
from harness.machine import disks


def test_a_tool_that_is_missing_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(disks, "tool", lambda name: disks.shutil.which(name, path="") or missing(name))
    assert disks.why_not(DISK, 4096) is None  # without those tools no guest runs at all: they say so themselves
    assert (
        disks.why_not(Disk("disk", "xfs", 512 * MIB), 4096) == "this host has no mkfs.xfs, which makes its disk: install xfsprogs"
    )


def missing(name: str) -> str:
    raise disks.Unavailable(name, "it is not installed")


def test_size_and_rate_are_those_of_all_but_swap() -> None:
    needs = Needs(disks=(DISK, SWAP)).with_disks(size=64 * MIB, rate=8 * MIB)
    assert [(disk.size, disk.rate) for disk in needs.disks] == [(64 * MIB, 8 * MIB), (SWAP.size, None)]
    assert needs.disk_conditions() == {"disk_size": "64", "disk_rate": "8"}
    assert Needs(disks=()).with_disks(size=1).disk_conditions() == {}
