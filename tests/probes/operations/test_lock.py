"""Locked memory."""

from __future__ import annotations

from harness.agent.constants import MLOCK_ONFAULT
from harness.lab.probe import Probe
from tests.probes.on_host import SIZE


def test_locks(probe: Probe) -> None:
    region = probe.map(SIZE).lock()
    assert probe.mincore(region.address, SIZE).value == 16
    probe.munlock(region.address, SIZE)
    probe.mlock2(region.address, SIZE, MLOCK_ONFAULT)
    probe.munlockall()
