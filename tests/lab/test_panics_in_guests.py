"""Readings that need a guest of their own kind: counters that every group has, what the kernel lacks, a panic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from harness.claims.counter_file import CounterFile
from harness.claims.needs import Needs
from harness.claims.settings import Settings
from harness.errors import Skip
from harness.evidence import recording
from harness.evidence.recording import Trial
from harness.lab.lab import Lab
from harness.lab.panic import Panicked
from harness.linux.sizes import MIB
from harness.machine.guest.vm import VM
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest

SIZE = 4 * MIB
DEPTH = CounterFile("depth", "cgroup.max.depth")


def test_a_file_of_the_experiments_own_in_groups(tmp_path: Path) -> None:
    (kernel, *_) = every_kernel()
    with lab_in(kernel, tmp_path, Needs(counters=(DEPTH,))) as lab, lab.sandbox("deep", cgroup_max_depth=3):
        lab.sample("now")
    trial = Trial(1, {"": recording.read(tmp_path / "recording.jsonl.zst")})
    assert DEPTH.at("now", owner="deep").read(trial) == 3


def test_a_file_that_the_kernel_has_not(tmp_path: Path) -> None:
    (kernel, *_) = every_kernel()
    missing = Needs(counters=(replace(DEPTH, path="/proc/nowhere"),))
    with pytest.raises(Skip, match="no /proc/nowhere"), lab_in(kernel, tmp_path, missing):
        pass


def bring_about_a_panic(lab: Lab) -> None:
    """Panics as asked. What a trial asks of its machine afterwards is there: what it cost, though its process has ended."""
    with lab.panics("nothing"):
        lab.probe("calm").map(SIZE).fill()
    victim = lab.probe("victim", lab.sandbox("box", memory_max=16 * MIB, memory_swap_max=0))
    try:
        with lab.panics("an OOM of a group"):
            victim.map(64 * MIB).fill()
    finally:
        cast(VM, lab.machine).qemu.process.wait(30)
        assert lab.machine.processor_seconds() is None


def test_a_panic_is_a_reading(tmp_path: Path) -> None:
    (kernel, *_) = every_kernel()
    small = Needs(memory=256 * MIB)
    with pytest.raises(Panicked), lab_in(kernel, tmp_path, small, Settings(panic_on_oom=2)) as lab:
        bring_about_a_panic(lab)
    found = recording.read(tmp_path / "recording.jsonl.zst").records
    assert (found["nothing"], found["an OOM of a group"]) == (0, 1)
    assert "panic_on_oom" in found["an OOM of a group: console"]
