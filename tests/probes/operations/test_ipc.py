"""Message queues and semaphores."""

from __future__ import annotations

import errno
import os

import pytest

from harness.agent.agent import Agent
from harness.agent.constants import GETVAL, IPC_NOWAIT, IPC_RMID, IPC_STAT, SETVAL
from harness.agent.operations import numbers
from harness.lab.probe import Probe


def test_system_v_messages(probe: Probe) -> None:
    queue = probe.msgget().value
    assert probe.msgsnd(queue, 100, 3).value == 3
    assert numbers(probe.msgctl(queue, IPC_STAT).text)[:2] == (3, 300)
    got = probe.msgrcv(queue, 200, 2)
    assert (got.value, got.text) == (2, b"Z" * 100)
    assert probe.attempt.msgrcv(queue, 50, 1).error == errno.E2BIG
    assert probe.msgrcv(queue, 200).value == 1
    assert probe.attempt.msgrcv(queue, 200, 1, IPC_NOWAIT).error == errno.ENOMSG
    probe.msgctl(queue, IPC_RMID)


def test_system_v_semaphores(probe: Probe) -> None:
    semaphores = probe.semget(2).value
    probe.semctl(semaphores, 1, SETVAL, 5)
    probe.semop(semaphores, 1, -2)
    assert [probe.semctl(semaphores, number, GETVAL).value for number in (0, 1)] == [0, 3]
    assert probe.attempt.semop(semaphores, 1, -4, IPC_NOWAIT).error == errno.EAGAIN
    probe.semctl(semaphores, 0, IPC_RMID)


def test_posix_messages(probe: Probe) -> None:
    name = f"/folklab-test-{os.getpid()}"
    opened = probe.attempt.mq_open(name, 4, 64, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK)
    if opened.error == errno.ENOSYS:
        pytest.skip("this kernel has no POSIX message queues")
    assert not opened.error
    assert probe.mq_send(opened.value, 64, 2).value == 2
    got = probe.mq_receive(opened.value, 64, 2)
    assert (got.value, got.text) == (2, b"Z" * 64)
    assert probe.attempt.mq_receive(opened.value, 64).error == errno.EAGAIN
    assert probe.attempt.mq_receive(opened.value, 8).error == errno.EMSGSIZE
    probe.mq_unlink(name)


def test_named_semaphores(agent: Agent, probe: Probe) -> None:
    name = f"/folklab-test-{os.getpid()}"
    semaphore = probe.sem_open(name, value=1).value
    probe.sem_post(semaphore)
    assert probe.sem_getvalue(semaphore).value == 2
    for _ in range(2):
        probe.sem_trywait(semaphore)
    assert probe.attempt.sem_trywait(semaphore).error == errno.EAGAIN
    probe.sem_close(semaphore)
    probe.sem_unlink(name)
    assert probe.attempt.sem_open(name, 0).error == errno.ENOENT
