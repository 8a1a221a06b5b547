"""Memory by descriptor, and other processes by descriptor; what this kernel does not have it says."""

from __future__ import annotations

import errno

import pytest

from harness.agent.agent import Agent
from harness.agent.constants import COLD
from harness.agent.wire import Reply
from harness.lab.probe import Probe
from tests.probes.on_host import PAGE, SIZE, start_probe

LACKING = {errno.ENOSYS, errno.EPERM, errno.ENOMEM, errno.EACCES}


def granted(reply: Reply) -> Reply:
    if reply.error in LACKING:
        pytest.skip(f"refused here with errno {reply.error}")
    assert not reply.error
    return reply


def test_secret_memory(probe: Probe) -> None:
    fd = granted(probe.attempt.memfd_secret()).value
    probe.ftruncate(fd, SIZE)
    assert probe.map(SIZE, shared=True, fd=fd).fill().check() == 16


def test_a_ring(probe: Probe) -> None:
    made = granted(probe.attempt.io_uring_setup(8))
    assert int.from_bytes(made.text[:4], "little") == 8  # sq_entries
    buffer = probe.map(PAGE).fill()
    what = buffer.address.to_bytes(8, "little") + PAGE.to_bytes(8, "little")
    assert probe.attempt.io_uring_register(made.value, 0, 1, what).error in {0, errno.ENOMEM}  # IORING_REGISTER_BUFFERS
    assert probe.attempt.io_uring_register(made.value, 9999, 1, what).error == errno.EINVAL


def test_faults_for_others(probe: Probe) -> None:
    assert granted(probe.attempt.userfaultfd(1)).value > 2  # UFFD_USER_MODE_ONLY


def test_advice_to_another(agent: Agent, probe: Probe) -> None:
    other = start_probe(agent)
    region = other.map(SIZE).fill()
    fd = granted(probe.attempt.pidfd_open(other.pid)).value
    advised = granted(probe.attempt.process_madvise(fd, region.address, SIZE, COLD))
    assert advised.value == SIZE
    assert probe.attempt.process_madvise(fd, 0, PAGE, COLD).error == errno.ENOMEM
    other.kill_now()
