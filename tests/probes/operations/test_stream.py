"""Pipes, sockets, and what is asked of any descriptor."""

from __future__ import annotations

import errno
import os
import socket
import termios
from pathlib import Path

import pytest

from harness.agent.constants import (
    F_ADD_SEALS,
    F_GET_SEALS,
    F_GETPIPE_SZ,
    F_SEAL_WRITE,
    F_SETPIPE_SZ,
    MFD_ALLOW_SEALING,
    NO_REQUEST,
    POLLIN,
)
from harness.agent.operations import numbers
from harness.lab.probe import Probe
from tests.probes.on_host import PAGE, SIZE, descriptors


def test_a_pipe_holds_what_its_size_says(probe: Probe) -> None:
    ends = numbers(probe.pipe(os.O_NONBLOCK).text)
    assert probe.fcntl(ends[1], F_SETPIPE_SZ, 4 * PAGE).value == 4 * PAGE == probe.fcntl(ends[0], F_GETPIPE_SZ).value
    assert probe.send(ends[1], SIZE).value == 4 * PAGE
    assert probe.send(ends[1], SIZE).value == 0
    assert probe.receive(ends[0], PAGE).value == PAGE
    assert probe.receive(ends[0], SIZE).value == 3 * PAGE
    probe.close(ends[1])
    assert probe.receive(ends[0], SIZE).value == 0


def test_sockets(probe: Probe) -> None:
    first, second = numbers(probe.socketpair(kind=socket.SOCK_STREAM | socket.SOCK_NONBLOCK).text)
    probe.setsockopt(first, socket.SOL_SOCKET, socket.SO_SNDBUF, SIZE)
    sent = probe.send(first, 100 * SIZE).value
    assert 0 < sent < 100 * SIZE
    assert probe.receive(second, 100 * SIZE).value == sent
    client, server = numbers(probe.tcp_pair().text)
    assert probe.send(client, PAGE).value == PAGE == probe.receive(server, PAGE).value
    assert probe.send(server, PAGE).value == PAGE == probe.receive(client, PAGE).value


def test_waiting(probe: Probe) -> None:
    reads, writes = numbers(probe.pipe().text)
    assert probe.poll(reads, 1_000_000, POLLIN).value == 0
    waiting = probe.begin.poll(reads, NO_REQUEST, POLLIN)
    probe.send(writes, 1)  # the next request ends it
    assert waiting.wait().value in {0, POLLIN}
    assert probe.poll(reads, NO_REQUEST, POLLIN).value == POLLIN


def test_seals(probe: Probe) -> None:
    fd = probe.memfd("sealed", MFD_ALLOW_SEALING).value
    probe.ftruncate(fd, PAGE)
    probe.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
    assert probe.fcntl(fd, F_GET_SEALS).value == F_SEAL_WRITE
    assert probe.attempt.write(fd, PAGE).error == errno.EPERM


def test_what_a_device_says_comes_back(probe: Probe) -> None:
    reads, writes = numbers(probe.pipe().text)
    probe.send(writes, 100)
    assert probe.ioctl(reads, termios.FIONREAD, structure=bytes(4)).text == (100).to_bytes(4, "little")
    assert probe.attempt.ioctl(reads, termios.TIOCGWINSZ, structure=bytes(8)).error == errno.ENOTTY


def test_refusals_leave_nothing_open(probe: Probe) -> None:
    before = descriptors(probe.pid)
    assert probe.attempt.pipe(-1).error == errno.EINVAL
    assert probe.attempt.socketpair(-1).error == errno.EAFNOSUPPORT
    assert probe.attempt.send(1000, 1).error == probe.attempt.receive(1000, 1).error == errno.EBADF
    assert probe.attempt.link_up("no-such-link").error in {errno.ENODEV, errno.EPERM}
    client, server = numbers(probe.tcp_pair().text)
    for fd in (client, server):
        probe.close(fd)
    assert descriptors(probe.pid) == before


@pytest.mark.parametrize("name", ["memory", "io"])
def test_a_trigger_of_pressure(probe: Probe, name: str) -> None:
    path = Path("/proc/pressure", name)
    if not path.exists() or not os.access(path, os.W_OK):
        pytest.skip(f"{path} can't be written to here")
    opened = probe.attempt.open(str(path), os.O_RDWR | os.O_NONBLOCK)
    if opened.error:
        pytest.skip(f"{path} can't be opened here")
    fd = probe.trigger(str(path), 500_000, 2_000_000)
    assert probe.poll(fd, 1_000_000).value == 0


def test_descriptors_of_no_file(probe: Probe) -> None:
    watcher, counter = probe.epoll_create().value, probe.eventfd(3).value
    paths = [os.readlink(f"/proc/{probe.pid}/fd/{fd}") for fd in (watcher, counter)]
    assert paths == ["anon_inode:[eventpoll]", "anon_inode:[eventfd]"]
    assert probe.receive(counter, 8).value == 8
    assert probe.attempt.epoll_create(1).error == errno.EINVAL
