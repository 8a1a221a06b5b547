"""Every operation of the probes as a typed method: one line each, with its arguments' units (bytes, ns, errno).

What an operation returns depends on who is asked: a Reply from a probe, a Pending one from `probe.begin`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

from harness.agent.constants import (
    IPC_CREAT,
)
from harness.agent.memory_operations import R
from harness.agent.stream_operations import StreamOperations


class Operations(StreamOperations[R]):
    """All operations, family by family as in probes/operations/: those on memory, on streams, and these."""

    # file.c
    def open(self, path: str, flags: int = os.O_RDWR, mode: int = 0o644) -> R:
        return self.run("open", flags, mode, text=path.encode())

    def close(self, fd: int) -> R:
        return self.run("close", fd)

    def read(self, fd: int, length: int, offset: int = 0) -> R:
        """Reads a file's bytes and drops them. value: how many were read."""
        return self.run("read", fd, length, offset)

    def write(self, fd: int, length: int, offset: int = 0, seed: int = 1) -> R:
        return self.run("write", fd, length, offset, seed)

    def write_text(self, fd: int, data: bytes, offset: int = 0) -> R:
        return self.run("write", fd, 0, offset, text=data)

    def check_file(self, fd: int, length: int, offset: int = 0, seed: int = 1, ahead: int = 0) -> R:
        """Compares a file with the pattern, which starts `ahead` pages before the file does. value: how many pages hold it."""
        return self.run("check_file", fd, length, offset, seed, ahead)

    def slurp(self, path: str, limit: int = 0, flags: int = 0, offset: int = 0) -> R:
        """Reads a file. text: it from `offset` on, as much of it as fits into one reply (or `limit` bytes)."""
        return self.run("slurp", limit, flags, offset, text=path.encode())

    def put(self, path: str, content: str, flags: int = 0) -> R:
        return self.run("put", flags, text=path.encode() + b"\0" + content.encode())

    def fsync(self, fd: int) -> R:
        return self.run("fsync", fd)

    def sync_range(self, fd: int, offset: int, length: int) -> R:
        """Writes the dirty pages of a range and waits; no metadata (sync_file_range(2))."""
        return self.run("sync_range", fd, offset, length)

    def fadvise(self, fd: int, offset: int, length: int, advice: int) -> R:
        return self.run("fadvise", fd, offset, length, advice)

    def ftruncate(self, fd: int, size: int) -> R:
        return self.run("ftruncate", fd, size)

    def fallocate(self, fd: int, offset: int, length: int, mode: int = 0) -> R:
        return self.run("fallocate", fd, mode, offset, length)

    def unlink(self, path: str) -> R:
        return self.run("unlink", text=path.encode())

    def mkdir(self, path: str, mode: int = 0o755) -> R:
        return self.run("mkdir", mode, text=path.encode())

    def rmdir(self, path: str) -> R:
        return self.run("rmdir", text=path.encode())

    def stat(self, path: str) -> R:
        """Asks what a file is. text: device, inode, mode, links, size, blocks of 512 bytes; 64-bit numbers."""
        return self.run("stat", 0, text=path.encode())

    def fstat(self, fd: int) -> R:
        return self.run("stat", fd)

    def statfs(self, path: str) -> R:
        """Asks what a file system is. value: its magic number; text: type, block size, blocks, free blocks, files, free
        files."""
        return self.run("statfs", 0, text=path.encode())

    def fstatfs(self, fd: int) -> R:
        return self.run("statfs", fd)

    def sync(self) -> R:
        return self.run("sync")

    def memfd(self, name: str, flags: int = 0) -> R:
        return self.run("memfd", flags, text=name.encode())

    def list(self, path: str) -> R:
        return self.run("list", text=path.encode())

    def populate_dir(self, path: str, count: int, how: int = 1) -> R:
        """Makes (1), looks up (0) or removes (-1) so many empty files. value: how many; a name that is looked up need not be
        there."""
        return self.run("populate_dir", count, how, text=path.encode())

    def chown(self, path: str, uid: int, gid: int, mode: int) -> R:
        return self.run("chown", uid, gid, mode, text=path.encode())

    def copy(self, source: str, target: str) -> R:
        """Makes a new executable file with the content of another. value: its size."""
        return self.run("copy", text=source.encode() + b"\0" + target.encode())

    def fibmap(self, fd: int, blocks: int) -> R:
        """Asks where a file lies. text: for each of its first blocks (of the file system) the device's block, 0 for a hole.
        ext4 first writes a file with dirty pages (fs/ext4/inode.c, ext4_bmap): ask while it is clean."""
        return self.run("fibmap", fd, blocks)

    # ipc.c
    def mq_open(self, name: str, messages: int, size: int, flags: int = os.O_RDWR | os.O_CREAT) -> R:
        return self.run("mq_open", flags, 0o600, messages, size, text=name.encode())

    def mq_send(self, queue: int, size: int, count: int) -> R:
        return self.run("mq_send", queue, size, count)

    def mq_receive(self, queue: int, size: int, count: int = 1) -> R:
        """Takes messages from a queue. value: how many came; text: the last one. size: of the largest message that the queue
        takes, bytes."""
        return self.run("mq_receive", queue, size, count)

    def mq_unlink(self, name: str) -> R:
        return self.run("mq_unlink", text=name.encode())

    def msgget(self, key: int = 0, flags: int = IPC_CREAT | 0o600) -> R:
        return self.run("msgget", key, flags)

    def msgsnd(self, queue: int, size: int, count: int, flags: int = 0) -> R:
        return self.run("msgsnd", queue, size, count, flags)

    def msgrcv(self, queue: int, size: int, count: int = 1, flags: int = 0) -> R:
        """Takes messages from a queue. value: how many came; text: the last one."""
        return self.run("msgrcv", queue, size, count, flags)

    def msgctl(self, queue: int, command: int) -> R:
        """Carries out a command on a queue. text after IPC_STAT: its messages, their bytes, the most bytes; 64-bit numbers."""
        return self.run("msgctl", queue, command)

    def semget(self, count: int, key: int = 0, flags: int = IPC_CREAT | 0o600) -> R:
        return self.run("semget", key, count, flags)

    def semop(self, semaphores: int, number: int, change: int, flags: int = 0) -> R:
        return self.run("semop", semaphores, number, change, flags)

    def semctl(self, semaphores: int, number: int, command: int, value: int = 0) -> R:
        """Carries out a command on a semaphore. value after GETVAL: the semaphore's."""
        return self.run("semctl", semaphores, number, command, value)

    def sem_open(self, name: str, flags: int = os.O_CREAT, value: int = 1) -> R:
        return self.run("sem_open", flags, 0o600, value, text=name.encode())

    def sem_post(self, semaphore: int) -> R:
        return self.run("sem_post", semaphore)

    def sem_trywait(self, semaphore: int) -> R:
        return self.run("sem_trywait", semaphore)

    def sem_getvalue(self, semaphore: int) -> R:
        return self.run("sem_getvalue", semaphore)

    def sem_close(self, semaphore: int) -> R:
        return self.run("sem_close", semaphore)

    def sem_unlink(self, name: str) -> R:
        return self.run("sem_unlink", text=name.encode())

    # process.c
    def fork_idle(self, count: int, size: int = 0) -> R:
        """Forks children that fill so many bytes and wait; they die with the probe."""
        return self.run("fork_idle", count, size)

    def wait(self, pid: int = -1, options: int = 0) -> R:
        return self.run("wait", pid, options)

    def kill(self, pid: int, signal: int) -> R:
        return self.run("kill", pid, signal)

    def execute(self, *words: str, vfork: bool = False) -> R:
        """Runs a program to its end, started by fork and exec: value is its wait status, text what it printed."""
        return self.run("run", int(vfork), text=b"".join(word.encode() + b"\0" for word in words))

    def spin(self, nanoseconds: int) -> R:
        return self.run("spin", nanoseconds)

    def sleep(self, nanoseconds: int) -> R:
        return self.run("sleep", nanoseconds)

    def nice(self, priority: int) -> R:
        return self.run("nice", priority)

    def setuid(self, uid: int, gid: int) -> R:
        return self.run("setuid", uid, gid)

    def rlimit(self, resource: int, soft: int, hard: int) -> R:
        return self.run("rlimit", resource, soft, hard)

    def threads(self, count: int) -> R:
        return self.run("threads", count)

    def mbind(self, address: int, length: int, policy: int, nodes: int) -> R:
        return self.run("mbind", address, length, policy, nodes)

    def latency(self, address: int, length: int, piece: int, period: int, wakes: int, limit: int = 0) -> R:
        """Wakes in time and touches a piece. text: for each wake the ns (64-bit) from when it was due until its piece had been
        touched. limit: ns after which no more follow."""
        return self.run("latency", address, length, piece, period, wakes, limit)

    def prctl(self, option: int, *arguments: int) -> R:
        return self.run("prctl", option, *arguments)

    def unshare(self, flags: int) -> R:
        """Gives the probe namespaces of its own (CLONE_NEWIPC …); CLONE_NEWPID only its children."""
        return self.run("unshare", flags)

    def clone_idle(self, flags: int = 0) -> R:
        """Makes a child that only waits and dies with the probe; with CLONE_VM it has the probe's memory. value: its pid."""
        return self.run("clone_idle", flags)

    def iopl(self, level: int) -> R:
        return self.run("iopl", level)

    # system.c
    def mount(self, source: str, target: str, kind: str, options: str = "", flags: int = 0) -> R:
        text = b"".join(part.encode() + b"\0" for part in (source, target, kind, options))
        return self.run("mount", flags, text=text)

    def umount(self, target: str, flags: int = 0) -> R:
        return self.run("umount", flags, text=target.encode())

    def swapon(self, path: str, flags: int = 0) -> R:
        return self.run("swapon", flags, text=path.encode())

    def swapoff(self, path: str) -> R:
        return self.run("swapoff", text=path.encode())

    def set_clock(self, nanoseconds: int) -> R:
        """Sets the machine's clock to a time since 1970."""
        return self.run("set_clock", nanoseconds)

    def reseed(self, data: bytes) -> R:
        """Gives the kernel's random numbers a new seed, as credited entropy."""
        return self.run("reseed", text=data)

    def insmod(self, path: str) -> R:
        return self.run("insmod", text=path.encode())

    def link_up(self, interface: str) -> R:
        return self.run("link_up", text=interface.encode())

    # yardstick.c
    def read_rounds(self, paths: Sequence[str], rounds: int, interval: int = 0) -> R:
        """Reads files whole, over and over, with `interval` ns between two rounds (0: none). value: bytes of the last
        round; text: ns that each round took."""
        return self.run("read_rounds", rounds, interval, text=b"".join(path.encode() + b"\0" for path in paths))


def numbers(text: bytes) -> tuple[int, ...]:
    """Reads the 64-bit numbers of a reply's text."""
    return struct.unpack(f"{len(text) // 8}Q", text)
