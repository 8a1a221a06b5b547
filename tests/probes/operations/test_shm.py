"""Shared memory."""

from __future__ import annotations

import os

from harness.agent.constants import IPC_RMID, IPC_STAT
from harness.lab.probe import Probe
from tests.probes.on_host import SIZE


def test_shared_memory(probe: Probe) -> None:
    segment = probe.shmget(SIZE).value
    address = probe.shmat(segment).value
    assert probe.region(address, SIZE).fill().check() == 16
    assert probe.shmctl(segment, IPC_STAT).text
    probe.shmdt(address)
    probe.shmctl(segment, IPC_RMID)
    name = f"/folklab-test-{os.getpid()}"
    fd = probe.shm_open(name).value
    probe.ftruncate(fd, SIZE)
    assert probe.map(SIZE, shared=True, fd=fd).fill().check() == 16
    probe.shm_unlink(name)
    assert probe.memfd("memfd").value > 0
