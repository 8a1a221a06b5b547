"""What does a program read in a heap block that it has freed (and that the allocator still has)?

A process allocates three blocks, fills them with bytes of which none is zero, frees the middle one, and reads it.
Counted are the bytes past the first 32 that are not as they were, and whether reading raised a signal. It is done
with blocks of 88 bytes and of 100 KiB, beside a live block, memory that the kernel was told to throw away
(MADV_DONTNEED) and memory that was unmapped.
"""

from __future__ import annotations

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, KIB, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded, known_by,
)
from harness.lab import DONTNEED, Lab, Probe

# A block that a list of its size takes back, two that are merged with free neighbours: of the second the last 8 bytes lie
# where glibc notes the size of a free chunk.
SIZES = {"88 bytes": 88, "100 KiB": 100 * KIB, "100 KiB and 8 bytes": 100 * KIB + 8}
LINKS = 32          # bytes at the beginning that the claim leaves to the allocator's lists

READABLE = Claim(
    "free-heap-readable", "Reading a freed heap block that the allocator still has raises no signal.", ALLOCATION,
    known=(Known(CONFIRMED, "what the allocator keeps stays mapped, so a read of it is as any other; measured with glibc "
                            "2.36, jemalloc 5.3.0 and gperftools 2.10"),))
CONTENT_KEPT = Claim(
    "free-heap-content-kept",
    "A freed heap block that the allocator still has, read at once, holds its old content past its first 32 bytes.",
    ALLOCATION,
    known=known_by(
        "malloc",
        glibc=(REFUTED, "glibc malloc/malloc.c (2.36), struct malloc_chunk: up to four links at the beginning, and "
                        "behind the chunk its size (mchunk_prev_size of the next, set_foot in _int_free): the last n "
                        "bytes of a block whose size is n (1 to 8) more than a multiple of 16, if no tcache or fastbin has "
                        "it; all else is as it was"),
        jemalloc=(CONFIRMED, "jemalloc(3), opt.junk: off; its records lie apart from the blocks; measured with 5.3.0, "
                             "nothing else allocated in between"),
        tcmalloc=(CONFIRMED, "gperftools src/linked_list.h: a link in the first word of a free block; measured with "
                             "2.10, nothing else allocated in between")),
    instead="Treat freed memory as gone: the allocator writes links and sizes of its own into it, and to read it is "
            "undefined behaviour. AddressSanitizer and Valgrind find such reads.")


def content(size: int) -> bytes:
    """No byte of it is zero, and none is as its neighbours."""
    return bytes(at * 7 % 251 + 1 for at in range(size))


def read_back(lab: Lab, name: str, probe: Probe, block: int, size: int) -> None:
    """Records how many bytes behind the links are not as they were, and whether reading raised a signal."""
    reply = probe.attempt.peek(block, size)
    lab.record(f"{name}: signals", int(reply.ended is not None))
    if reply.ended is None:
        changed = sum(was != now for was, now in zip(content(size)[LINKS:], reply.text[LINKS:], strict=True))
        lab.record(f"{name}: changed", changed)


def procedure(lab: Lab) -> None:
    lab.sample("before")
    for name, size in SIZES.items():
        probe = lab.probe(name)
        blocks = [probe.malloc(size).value for _ in range(3)]
        for block in blocks:
            probe.poke(block, content(size))
        probe.free(blocks[1])
        read_back(lab, name, probe, blocks[1], size)
        read_back(lab, f"live, {name}", probe, blocks[2], size)
    size = max(SIZES.values())
    for name in ("dropped", "unmapped"):
        probe = lab.probe(name)
        region = probe.map(size)
        probe.poke(region.address, content(size))
        if name == "dropped":
            probe.madvise(region.address, size, DONTNEED)
        else:
            region.unmap()
        read_back(lab, name, probe, region.address, size)
    lab.sample("after")


def changed(name: str) -> Quantity:
    return Recorded(f"{name}: changed", "bytes", title=f"bytes past the first {LINKS} that changed, “{name}”")


def signals(name: str) -> Quantity:
    return Recorded(f"{name}: signals", title=f"signals that reading raised, “{name}”")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(root=False),
    axes={"malloc": ("glibc", "jemalloc", "tcmalloc")},
    rate=0,
    version=3,
    expects=tuple(expect for name in SIZES for expect in (
        Expect(READABLE, signals(name), if_true=Exactly(0, "no signal"), if_false=Exactly(1, "it ended the process"),
               reads_true=signals(f"live, {name}"), reads_false=signals("unmapped"),
               says=f"Reading a freed block of {name} raised {{value}} signals."),
        Expect(CONTENT_KEPT, changed(name), if_true=Exactly(0, "the old content, byte by byte"),
               if_false=AtLeast(1, "one byte that is another"),
               reads_true=changed(f"live, {name}"), reads_false=changed("dropped"),
               says=f"Of the freed block of {name}, {{value}} bytes past the first {LINKS} had changed."))),
)
