"""Frames between Python and the agent, in the structures of probes/wire.h (cffi reads the same text)."""

from __future__ import annotations

from dataclasses import dataclass

from probes._native import ffi, lib

from harness.errors import MachineLost

AGENT, HAND, FIRST_PROBE, TARGET_LIMIT = (lib.TARGET_AGENT, lib.TARGET_HAND, lib.TARGET_FIRST_PROBE, lib.TARGET_LIMIT)
TEXT_LIMIT: int = lib.TEXT_LIMIT
REPLY, SAMPLE, EXIT = lib.KIND_REPLY, lib.KIND_SAMPLE, lib.KIND_EXIT
REQUEST_SIZE: int = ffi.sizeof("struct request")
REPLY_SIZE: int = ffi.sizeof("struct reply")
SECTION_SIZE: int = ffi.sizeof("struct section")
SYSCALL_SIZE: int = ffi.sizeof("struct syscall")
TIMES_SIZE = 16  # bytes at the start of a sample: when it began and ended

# "malloc" → OP_malloc: the names of probes/operations.h.
OPERATIONS: dict[str, int] = {
    name[3:]: number for number, name in ffi.typeof("enum operation").elements.items() if name not in {"OP_NONE", "OP_LIMIT"}
}


@dataclass(frozen=True)
class Reply:
    """What a target answered.

    error: errno, 0 if it succeeded. value: only meaningful without an error. began: CLOCK_MONOTONIC of the
    machine, ns. nanoseconds: elapsed. faults: page faults of the process meanwhile. ended: the wait status when
    the target ended instead of answering (-1 if it is not known), else None. text: raw bytes.
    """

    kind: int
    target: int
    sequence: int
    error: int
    value: int
    began: int
    nanoseconds: int
    minor_faults: int
    major_faults: int
    text: bytes = b""
    ended: int | None = None


def request(operation: str, target: int, sequence: int, arguments: tuple[int, ...], text: bytes) -> bytes:
    """Makes one frame, ready to be sent. Raises ValueError for a text beyond TEXT_LIMIT."""
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"a frame holds {TEXT_LIMIT} bytes of text, not {len(text)}")
    head = ffi.new(
        "struct request *", {"text": len(text), "operation": OPERATIONS[operation], "target": target, "sequence": sequence}
    )
    for index, value in enumerate(arguments):
        head.argument[index] = value if value < 1 << 63 else value - (1 << 64)
    return bytes(ffi.buffer(head)) + text


def nonsense(what: str, reason: str) -> MachineLost:
    return MachineLost(f"agent: {what}", reason, "see the machine's console, and run it again")


def reply_head(data: bytes) -> tuple[Reply, int]:
    """Reads a reply without its text, and the size of that text in bytes. Raises MachineLost for one of another length."""
    if len(data) != REPLY_SIZE:
        raise nonsense("reply", f"it has {len(data)} bytes, not {REPLY_SIZE}")
    head = ffi.from_buffer("struct reply *", data)
    return Reply(
        head.kind,
        head.target,
        head.sequence,
        head.error,
        head.value,
        head.began,
        head.nanoseconds,
        head.minor_faults,
        head.major_faults,
    ), head.text


def sections(text: bytes) -> tuple[int, int, list[tuple[int, int, bytes]]]:
    """Takes a sample's text apart: the times before and after it (ns), and (watch number, errno, content) of each file. Raises
    MachineLost for one that is cut off, or that says it is longer than it is."""
    if len(text) < TIMES_SIZE:
        raise nonsense("sample", f"it has {len(text)} bytes, and no times")
    began, ended = ffi.unpack(ffi.from_buffer("uint64_t[]", text[:TIMES_SIZE]), 2)
    found, at = [], TIMES_SIZE
    while at < len(text):
        if len(text) - at < SECTION_SIZE:
            raise nonsense("sample", f"{len(text) - at} bytes stand behind its last file")
        head = ffi.from_buffer("struct section *", text[at : at + SECTION_SIZE])
        at += SECTION_SIZE
        padded = (head.size + 7) // 8 * 8
        if padded > len(text) - at:
            raise nonsense("sample", f"watched file {head.watch} says {head.size} bytes, and {len(text) - at} are there")
        found.append((head.watch, head.error, text[at : at + head.size]))
        at += padded
    return began, ended, found


def syscalls(text: bytes) -> list[tuple[int, tuple[int, ...], int, int]]:
    """Takes a trace's text apart: number, arguments, result and the sequence of the request, for each call. Raises MachineLost
    for one that is cut off."""
    if len(text) % SYSCALL_SIZE:
        raise nonsense("trace", f"its last call is cut off: it has {len(text)} bytes")
    return [
        (entry.number, tuple(ffi.unpack(entry.argument, 6)), entry.result, entry.sequence)
        for entry in ffi.from_buffer("struct syscall[]", text)
    ]
