"""Where a block of memory came from: what brk gave, or a mapping of its own, by the system calls of its process.

A procedure records a block with the calls since its process's exec (`record_origin`); quantities read them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from harness.claims.quantities import Derived

if TYPE_CHECKING:
    from harness.evidence.recording import Recording
    from harness.lab.lab import Lab

BRK, MMAP = 12, 9  # arch/x86/entry/syscalls/syscall_64.tbl


def record_origin(lab: Lab, label: str, operation: str, *arguments: int, size: int, before: Sequence[int] = ()) -> None:
    """Records the block of `size` bytes that one operation returns to a fresh process, and what that asked of the
    kernel since its exec. before: sizes that the process allocates and frees first.

    Only malloc uses the allocator of this row: one that is loaded may ask for memory before main.
    """
    probe = lab.probe(label, held=True, environment=None if operation == "malloc" else {"LD_PRELOAD": ""})
    with probe.trace() as trace:
        for one in before:
            probe.free(probe.malloc(one).value)
        block = probe.run(operation, *arguments).value
    lab.record(
        label, {"block": block, "size": size, "calls": [[call.number, call.arguments[1], call.result] for call in trace.calls]}
    )


class Asked(NamedTuple):
    """A block in bytes, the heap's ends as brk told them, and the mappings made: where each begins, and its length."""

    block: int
    size: int
    ends: list[int]
    mappings: list[tuple[int, int]]
    page_size: int


def _derived(label: str, title: str, function: Callable[[Asked], int]) -> Derived:
    def read(recording: Recording) -> int | None:
        made = recording.records.get(label)
        if made is None:
            return None
        granted = [call for call in made["calls"] if call[2] >= 0]
        return function(
            Asked(
                made["block"],
                made["size"],
                [result for number, _, result in granted if number == BRK],
                [(result, length) for number, length, result in granted if number == MMAP],
                recording.page_size,
            )
        )

    return Derived(title, read)


def in_heap(label: str, title: str) -> Derived:
    """1 if the block lies between the heap's first and its last end."""
    return _derived(label, title, lambda asked: int(bool(asked.ends) and min(asked.ends) <= asked.block < max(asked.ends)))


def growths(label: str, title: str) -> Derived:
    """How many times brk moved the heap's end up."""
    return _derived(label, title, lambda asked: sum(after > now for now, after in pairwise(asked.ends)))


def own_mappings(label: str, title: str) -> Derived:
    """How many mappings hold the block and nothing else: of its size, rounded up to pages, and at most one page more
    for the allocator's header."""
    return _derived(
        label,
        title,
        lambda asked: sum(
            start <= asked.block < start + length and length < asked.size + 2 * asked.page_size
            for start, length in asked.mappings
        ),
    )
