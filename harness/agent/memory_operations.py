"""Operations on memory as typed methods: one line each, with its arguments' units (bytes, ns, errno)."""

from __future__ import annotations

import os
import struct
from typing import Generic, TypeVar

from harness.agent.constants import (
    ANONYMOUS,
    IPC_CREAT,
    MCL_CURRENT,
    MREMAP_MAYMOVE,
    MS_SYNC,
    PRIVATE,
    READ,
    WRITE,
)

R = TypeVar("R")


class MemoryOperations(Generic[R]):
    """The families of probes/operations/ that get, touch, share and lock memory."""

    def run(self, operation: str, *arguments: int, text: bytes = b"") -> R:
        """Carries out an operation by its name in probes/operations.h."""
        raise NotImplementedError

    # heap.c
    def malloc(self, size: int) -> R:
        return self.run("malloc", size)

    def calloc(self, count: int, size: int) -> R:
        return self.run("calloc", count, size)

    def realloc(self, block: int, size: int) -> R:
        return self.run("realloc", block, size)

    def free(self, block: int) -> R:
        return self.run("free", block)

    def malloc_trim(self, pad: int = 0) -> R:
        return self.run("malloc_trim", pad)

    def mallopt(self, parameter: int, value: int) -> R:
        return self.run("mallopt", parameter, value)

    def brk(self, end: int) -> R:
        """Makes the bare system call: it returns the heap's end, moved or not."""
        return self.run("brk", end)

    def sbrk(self, growth: int) -> R:
        return self.run("sbrk", growth)

    def malloc_many(self, count: int, size: int) -> R:
        """Allocates blocks that nobody touches; `numbers` reads their addresses from the reply's text."""
        return self.run("malloc_many", count, size)

    def free_many(self, blocks: tuple[int, ...]) -> R:
        return self.run("free_many", text=struct.pack(f"{len(blocks)}Q", *blocks))

    def malloc_on_thread(self, count: int, size: int) -> R:
        """Starts a thread that allocates blocks, which nobody touches, and then waits; text: their addresses."""
        return self.run("malloc_on_thread", count, size)

    # mapping.c
    def mmap(
        self,
        length: int,
        *,
        protection: int = READ | WRITE,
        flags: int = PRIVATE | ANONYMOUS,
        fd: int = -1,
        offset: int = 0,
        address: int = 0,
    ) -> R:
        return self.run("mmap", address, length, protection, flags, fd, offset)

    def mmap_many(self, count: int, length: int, *, protection: int = READ | WRITE, flags: int = PRIVATE | ANONYMOUS) -> R:
        """Maps until it is refused. value: how many were granted; text: first, last address, errno of the refusal."""
        return self.run("mmap_many", count, length, protection, flags)

    def munmap(self, address: int, length: int) -> R:
        return self.run("munmap", address, length)

    def mprotect(self, address: int, length: int, protection: int) -> R:
        return self.run("mprotect", address, length, protection)

    def madvise(self, address: int, length: int, advice: int) -> R:
        return self.run("madvise", address, length, advice)

    def mremap(self, address: int, old: int, new: int, flags: int = MREMAP_MAYMOVE, to: int = 0) -> R:
        """Moves or resizes a mapping. to: where it is to be, with MREMAP_FIXED; a hint with MREMAP_DONTUNMAP."""
        return self.run("mremap", address, old, new, flags, to)

    def msync(self, address: int, length: int, flags: int = MS_SYNC) -> R:
        return self.run("msync", address, length, flags)

    def mincore(self, address: int, length: int) -> R:
        """Asks which pages are resident. value: how many; text: a byte a page."""
        return self.run("mincore", address, length)

    def touch(self, address: int, length: int, *, stride: int = 4096, write: bool = False, rounds: int = 1, pause: int = 0) -> R:
        """Reads or writes a byte every `stride` bytes; pause in ns between rounds; value: finished rounds.

        Writing keeps the content, so it reads first: two faults of a fresh page. `fill` takes one."""
        return self.run("touch", address, length, stride, int(write), rounds, pause)

    def fill(self, address: int, length: int, seed: int = 1, first: int = 0) -> R:
        """Fills memory: every page non-zero and unlike every other of all seeds."""
        return self.run("fill", address, length, seed, first)

    def check(self, address: int, length: int, seed: int = 1, first: int = 0) -> R:
        """Compares memory with what `fill` writes. value: how many pages hold it."""
        return self.run("check", address, length, seed, first)

    def peek(self, address: int, size: int) -> R:
        return self.run("peek", address, size)

    def poke(self, address: int, data: bytes) -> R:
        return self.run("poke", address, text=data)

    # shm.c
    def shmget(self, size: int, *, key: int = 0, flags: int = IPC_CREAT | 0o600) -> R:
        return self.run("shmget", key, size, flags)

    def shmat(self, segment: int, address: int = 0, flags: int = 0) -> R:
        return self.run("shmat", segment, address, flags)

    def shmdt(self, address: int) -> R:
        return self.run("shmdt", address)

    def shmctl(self, segment: int, command: int) -> R:
        return self.run("shmctl", segment, command)

    def shm_open(self, name: str, flags: int = os.O_RDWR | os.O_CREAT, mode: int = 0o600) -> R:
        return self.run("shm_open", flags, mode, text=name.encode())

    def shm_unlink(self, name: str) -> R:
        return self.run("shm_unlink", text=name.encode())

    # lock.c
    def mlock(self, address: int, length: int) -> R:
        return self.run("mlock", address, length)

    def mlock2(self, address: int, length: int, flags: int) -> R:
        return self.run("mlock2", address, length, flags)

    def munlock(self, address: int, length: int) -> R:
        return self.run("munlock", address, length)

    def mlockall(self, flags: int = MCL_CURRENT) -> R:
        return self.run("mlockall", flags)

    def munlockall(self) -> R:
        return self.run("munlockall")

    # segments.c
    def segments(self) -> R:
        """Asks where the program's segments are. text: address and length of pages in its data segment and of pages in its bss,
        none of them touched before; an address on its stack."""
        return self.run("segments")

    def deep_call(self, size: int) -> R:
        """Makes a chain of calls that takes `size` bytes of the stack, and returns. value: the address of its last frame."""
        return self.run("deep_call", size)
