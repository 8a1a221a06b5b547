"""The heap."""

from __future__ import annotations

from pathlib import Path

from harness.agent.operations import numbers
from harness.lab.probe import Probe
from tests.probes.on_host import PAGE


def test_heap(probe: Probe) -> None:
    block = probe.malloc(100).value
    assert probe.realloc(block, 200).value
    blocks = numbers(probe.malloc_many(10, 88).text)
    assert len(set(blocks)) == 10
    assert probe.free_many(blocks).value == 10
    end = probe.sbrk(0).value
    assert probe.sbrk(PAGE).value == end
    assert probe.brk(0).value == end + PAGE
    assert probe.calloc(4, 4).value
    probe.malloc_trim()
    assert probe.mallopt(-3, 1 << 20).value == 1


def test_a_thread_allocates_from_an_arena_of_its_own(probe: Probe) -> None:
    block = probe.malloc(100).value
    others = numbers(probe.malloc_on_thread(10, 88).text)
    assert len(set(others)) == 10
    assert all(abs(other - block) > 64 << 20 for other in others)  # a heap of its own is aligned to 64 MiB
    assert probe.free_many(others).value == 10
    assert "Threads:\t2" in Path(f"/proc/{probe.pid}/status").read_text()
