"""Processes."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from harness.agent.agent import Agent
from harness.agent.constants import CLONE_NEWIPC, CLONE_NEWNS, CLONE_VM
from harness.agent.operations import numbers
from harness.agent.target import unrecorded
from harness.lab.probe import Probe
from harness.linux import maps
from harness.linux.architecture import of_host
from tests.probes.on_host import NOBODY, PAGE, SIZE, descriptors, fork

PR_GET_DUMPABLE = 3  # prctl(2)


def test_processes(agent: Agent, probe: Probe) -> None:
    shared, private = probe.map(PAGE, shared=True), probe.map(PAGE)
    child = fork(probe)
    assert child.run("pid").value == child.pid != probe.run("pid").value
    shared.of(child).fill(5)
    private.of(child).fill(5)
    assert (shared.check(5), private.check(5)) == (1, 0)
    child.end(3)
    assert probe.wait(child.pid).text[:4] == (3 << 8).to_bytes(4, "little")
    for vfork in (False, True):
        finished = probe.execute("/bin/echo", "hello", vfork=vfork)
        assert (finished.value, finished.text) == (0, b"hello\n")
    assert probe.fork_idle(2, PAGE).value == 2
    assert probe.threads(2).value == 2
    assert probe.spin(1_000_000).value > 0
    assert probe.nice(5).error == 0
    latencies = numbers(probe.latency(probe.map(SIZE).address, SIZE, PAGE, 1_000_000, 5).text)
    assert len(latencies) == 5
    latencies = numbers(probe.latency(probe.map(SIZE).address, SIZE, PAGE, 1_000_000, 1000, 5_000_000).text)
    assert 1 <= len(latencies) <= 6


def test_a_refused_fork_leaves_nothing_open(probe: Probe) -> None:
    """Root may have as many processes as it likes: the probe becomes an ordinary user, who may have none more."""
    if os.geteuid() == 0:
        probe.setuid(NOBODY, NOBODY)
    probe.rlimit(resource.RLIMIT_NPROC, 0, 0)
    before = descriptors(probe.pid)
    for _ in range(3):
        assert probe.attempt.fork_idle(1, 0).error == errno.EAGAIN
        assert probe.attempt.run("fork", probe.agent.next_target()).error == errno.EAGAIN
        assert probe.attempt.execute("/bin/true").error == errno.EAGAIN
    assert descriptors(probe.pid) == before


def test_what_processes_leave_open(probe: Probe) -> None:
    before = descriptors(probe.pid)
    fork(probe).kill_now()
    probe.fork_idle(2, PAGE)
    probe.execute("/bin/true")
    probe.execute("/nonexistent")
    assert descriptors(probe.pid) == before


def test_a_child_that_shares_its_parents_memory(probe: Probe) -> None:
    apart, beside = probe.clone_idle().value, probe.clone_idle(CLONE_VM).value
    region = probe.map(SIZE).fill()
    for pid, shares in ((apart, False), (beside, True)):
        mapped = maps.parse(Path(f"/proc/{pid}/maps").read_text())
        assert any(mapping.covers(region.address) for mapping in mapped) == shares
    assert probe.prctl(PR_GET_DUMPABLE).value == 1
    assert probe.attempt.prctl(-1).error == errno.EINVAL


def test_a_fork_in_namespaces_of_its_own(probe: Probe) -> None:
    number = probe.agent.next_target()
    assert probe.attempt.run("fork", number, CLONE_VM).error == errno.EINVAL
    reply = probe.attempt.run("fork", number, CLONE_NEWIPC)
    if reply.error == errno.EPERM:
        pytest.skip("this user may make no namespaces")
    child = Probe(probe.agent, number, "child", unrecorded, reply.value, PAGE, of_host())
    assert os.readlink(f"/proc/{child.pid}/ns/ipc") != os.readlink(f"/proc/{probe.pid}/ns/ipc")
    child.unshare(CLONE_NEWNS)
    assert os.readlink(f"/proc/{child.pid}/ns/mnt") != os.readlink(f"/proc/{probe.pid}/ns/mnt")
    child.kill_now()
    assert probe.attempt.iopl(4).error in {errno.EINVAL, errno.ENOSYS}
