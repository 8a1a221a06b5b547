"""Operations on pipes, sockets and other descriptors as typed methods: one line each, with its arguments' units (bytes, ns)."""

from __future__ import annotations

import socket

from harness.agent.constants import POLLPRI
from harness.agent.memory_operations import MemoryOperations, R


class StreamOperations(MemoryOperations[R]):
    """What can be asked of descriptors that are no files."""

    # stream.c
    def pipe(self, flags: int = 0) -> R:
        """Makes a pipe. text: the end to read and the end to write; `numbers` reads them."""
        return self.run("pipe", flags)

    def socketpair(self, domain: int = socket.AF_UNIX, kind: int = socket.SOCK_STREAM) -> R:
        """Makes two sockets that are connected. text: both; `numbers` reads them."""
        return self.run("socketpair", domain, kind)

    def tcp_pair(self) -> R:
        """Makes a TCP connection over loopback, which must be up (Lab.loopback). text: who connected, who accepted."""
        return self.run("tcp_pair")

    def setsockopt(self, fd: int, level: int, name: int, value: int) -> R:
        return self.run("setsockopt", fd, level, name, value)

    def send(self, fd: int, length: int) -> R:
        """Writes to a pipe or socket. value: how many bytes went in until all had or one that does not wait was full."""
        return self.run("send", fd, length)

    def receive(self, fd: int, length: int) -> R:
        """Reads from a pipe or socket. value: how many bytes came until all had, the other end closed, or one that does not
        wait was empty."""
        return self.run("receive", fd, length)

    def poll(self, fd: int, nanoseconds: int, events: int = POLLPRI) -> R:
        """Waits for events of a descriptor (NO_REQUEST: until the next request). value: those that came, 0 for none."""
        return self.run("poll", fd, events, nanoseconds)

    def epoll_create(self, flags: int = 0) -> R:
        return self.run("epoll_create", flags)

    def eventfd(self, value: int = 0, flags: int = 0) -> R:
        return self.run("eventfd", value, flags)

    def fcntl(self, fd: int, command: int, argument: int = 0) -> R:
        return self.run("fcntl", fd, command, argument)

    def ioctl(self, fd: int, request: int, argument: int = 0, structure: bytes = b"") -> R:
        """Asks a device or descriptor something, with a number or with a structure. text: the structure afterwards."""
        return self.run("ioctl", fd, request, argument, text=structure)

    # fuse.c
    def fuse_serve(self, fd: int, size: int) -> R:
        """Serves the file system that this process has mounted with a descriptor of /dev/fuse (System.mount_fuse): one file,
        "file", of so many bytes. What is written to it is taken and forgotten."""
        return self.run("fuse_serve", fd, size)

    # special.c
    def memfd_secret(self, flags: int = 0) -> R:
        return self.run("memfd_secret", flags)

    def userfaultfd(self, flags: int = 0) -> R:
        return self.run("userfaultfd", flags)

    def io_uring_setup(self, entries: int, flags: int = 0) -> R:
        """Makes a ring. text: struct io_uring_params, with the sizes that it got."""
        return self.run("io_uring_setup", entries, flags)

    def io_uring_register(self, ring: int, opcode: int, number: int, what: bytes = b"") -> R:
        return self.run("io_uring_register", ring, opcode, number, text=what)

    def pidfd_open(self, pid: int, flags: int = 0) -> R:
        return self.run("pidfd_open", pid, flags)

    def process_madvise(self, pidfd: int, address: int, length: int, advice: int) -> R:
        """Advises on another process's memory. value: how many bytes were advised."""
        return self.run("process_madvise", pidfd, address, length, advice)
