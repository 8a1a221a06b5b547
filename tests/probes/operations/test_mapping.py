"""Mappings, and the memory in them."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from harness.agent.constants import ANONYMOUS, DONTNEED, FIXED, NO_ACCESS, NORESERVE, POPULATE, PRIVATE, SHARED
from harness.agent.operations import numbers
from harness.lab.probe import Probe
from tests.probes.on_host import PAGE, SIZE, fork


def test_mapping(probe: Probe) -> None:
    region = probe.map(SIZE)
    assert probe.mincore(region.address, SIZE).value == 0
    region.fill(7)
    assert probe.mincore(region.address, SIZE).value == 16
    assert region.check(7) == 16
    assert region.check(8) == 0
    probe.poke(region.address, b"x")
    assert region.check(7) == 15
    assert probe.peek(region.address, 1).text == b"x"
    assert probe.madvise(region.address, SIZE, DONTNEED).error == 0
    assert probe.mincore(region.address, SIZE).value == 0
    assert region.read().check(7) == 0
    moved = probe.mremap(region.address, SIZE, 2 * SIZE).value
    probe.mprotect(moved, PAGE, 1)
    probe.munmap(moved, 2 * SIZE)
    made = probe.mmap_many(10, PAGE)
    assert made.value == 10
    assert numbers(made.text)[2] == 0


def test_touches_count_strides_and_rounds(probe: Probe) -> None:
    probe.map(SIZE).write()
    region = probe.map(SIZE)
    touched = probe.touch(region.address, SIZE, stride=2 * PAGE, write=True, rounds=3)
    assert (touched.value, touched.minor_faults) == (3, 16)  # to keep the content it reads before it writes
    assert probe.mincore(region.address, SIZE).value == 8
    assert probe.attempt.touch(region.address, SIZE, stride=0).error == errno.EINVAL


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("of_file", [False, True])
def test_the_four_kinds_of_mappings(probe: Probe, tmp_path: Path, shared: bool, of_file: bool) -> None:
    fd = probe.create_file(str(tmp_path / "file"), SIZE, seed=3) if of_file else -1
    region = probe.map(SIZE, shared=shared, fd=fd)
    assert region.check(3) == (16 if of_file else 0)
    region.fill(4)
    child = fork(probe)
    region.of(child).fill(5)
    assert region.check(5) == (16 if shared else 0)
    if of_file:
        assert probe.check_file(fd, SIZE, seed=5).value == (16 if shared else 0)
    child.kill_now()


def test_mappings_populated_fixed_and_without_reserve(probe: Probe) -> None:
    populated = probe.map(SIZE, flags=POPULATE)
    assert probe.mincore(populated.address, SIZE).value == 16
    fixed = probe.mmap(PAGE, address=populated.address + PAGE, flags=PRIVATE | ANONYMOUS | FIXED).value
    assert fixed == populated.address + PAGE
    assert probe.mincore(populated.address, SIZE).value == 15
    assert probe.map(SIZE, flags=NORESERVE).fill().check() == 16


def test_32768_mappings(probe: Probe) -> None:
    """Each one a mapping of its own, well below the usual limit of 65,530 (vm.max_map_count)."""
    before = len(Path(f"/proc/{probe.pid}/maps").read_text().splitlines())
    made = probe.mmap_many(32_768, PAGE)
    assert made.value == 32_768
    assert len(Path(f"/proc/{probe.pid}/maps").read_text().splitlines()) - before > 32_760  # a few join neighbours


def test_an_operation_without_an_end_ends_with_the_next_request(probe: Probe) -> None:
    region = probe.map(SIZE)
    going = probe.begin.touch(region.address, SIZE, write=True, rounds=-1, pause=1_000_000)
    assert not going.done
    assert probe.run("pid").value == probe.pid
    assert going.wait().value >= 1


def test_the_largest_mapping_is_found_to_the_page(probe: Probe) -> None:
    room = 1 << 47
    largest = probe.largest_map(room, protection=NO_ACCESS)
    assert probe.attempt.mmap(largest + PAGE, protection=NO_ACCESS).error
    probe.munmap(probe.mmap(largest, protection=NO_ACCESS).value, largest)
    assert probe.largest_map(3 * PAGE + 1) == 3 * PAGE


def test_a_region_is_filled_piece_by_piece(probe: Probe) -> None:
    region = probe.map(SIZE)
    assert probe.fill_until_end(region, 3 * PAGE) == SIZE
    assert region.check() == SIZE // PAGE


def test_shared_constant_agrees_with_the_kernel_headers() -> None:
    assert SHARED == 1
