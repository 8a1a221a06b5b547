"""The page microscope in real guests: the same memory must look the same on every kernel, under both reclaims."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from harness.agent.constants import HUGETLB, PAGEOUT
from harness.claims.settings import Settings
from harness.lab.lab import Lab
from harness.lab.pinning import Absent
from harness.lab.probe import Probe, Region
from harness.linux import pages
from harness.linux.sizes import MIB
from harness.machine.kernels.kernel import Kernel
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest

SIZE = 1 * MIB


@pytest.fixture(
    scope="module",
    params=[(kernel, lru) for kernel in every_kernel() for lru in ("classic", "mglru")],
    ids=lambda pair: f"{pair[0].series}-{pair[1]}",
)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    kernel, lru = request.param
    try:
        with lab_in(kernel, tmp_path_factory.mktemp(kernel.series), settings=Settings(lru=lru)) as found:
            found.swapon()
            found.mount_disk()
            found.mount_tmpfs()
            yield found
    except Absent as missing:
        pytest.skip(str(missing))


@pytest.fixture
def probe(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Probe]:
    found = lab.probe(request.node.name)
    yield found
    found.kill_now()


def states(lab: Lab, region: Region) -> dict[str, int]:
    """State → pages, of those that some page of the region is in."""
    data = lab.region_pages(region)
    assert sum(pages.count(data, kind) for kind in pages.KINDS) == region.length // lab.page_size
    return {state: count for state in pages.STATES if (count := pages.count(data, state))}


def all_are(lab: Lab, region: Region, *wanted: str) -> None:
    found = states(lab, region)
    assert {state: found.get(state) for state in wanted} == dict.fromkeys(wanted, region.length // lab.page_size), found


def file(lab: Lab, probe: Probe, name: str) -> Region:
    fd = probe.create_file(f"/mnt/disk/{name}", SIZE)
    lab.sync()
    return probe.map(SIZE, shared=True, fd=fd).read()


def test_anonymous_memory(lab: Lab, probe: Probe) -> None:
    untouched, filled, read = probe.map(SIZE), probe.map(SIZE).fill(), probe.map(SIZE).read()
    lab.drain_lru()
    all_are(lab, untouched, "absent")
    all_are(lab, filled, "anonymous", "exclusive", "anonymous LRU", "inactive anon", "on LRU")
    all_are(lab, read, "zero", "shared")


def test_files_and_shared_memory(lab: Lab, probe: Probe) -> None:
    disk, shared = file(lab, probe, "read"), probe.map(SIZE, shared=True).fill()
    lab.drain_lru()
    all_are(lab, disk, "file", "file LRU")
    all_are(lab, shared, "shmem", "anonymous LRU", "dirty")
    hole = probe.create_file("/mnt/tmpfs/hole", 0)
    probe.ftruncate(hole, SIZE)
    only_read = probe.map(SIZE, shared=True, fd=hole).read()
    all_are(lab, only_read, "shmem")
    assert "dirty" not in states(lab, only_read)
    fd = probe.open("/mnt/disk/dirty", os.O_RDWR | os.O_CREAT).value
    probe.write(fd, SIZE)
    all_are(lab, probe.map(SIZE, shared=True, fd=fd).read(), "file", "dirty")


def test_locked_memory(lab: Lab, probe: Probe) -> None:
    """Of a large folio that lies in two page tables (every 2 MiB) mlock takes none: the file is of small ones here."""
    regions = [probe.map(SIZE).fill().lock(), probe.map(SIZE, shared=True).fill().lock()]
    lab.drain_lru()
    for region in regions:
        all_are(lab, region, "mlocked", "unevictable")
        probe.munlock(region.address, SIZE)
    lab.drain_lru()
    for region in regions:
        assert not {"mlocked", "unevictable"} & set(states(lab, region))


def test_swapped_out_and_back(lab: Lab, probe: Probe) -> None:
    anonymous, shared = probe.map(SIZE).fill(), probe.map(SIZE, shared=True).fill()
    lab.drain_lru()
    for region in (anonymous, shared):
        probe.madvise(region.address, SIZE, PAGEOUT)
    all_are(lab, anonymous, "swapped")
    all_are(lab, shared, "absent")  # pagemap.rst, "Exceptions for Shared Memory"
    all_are(lab, anonymous.read(), "anonymous", "swap cache")


def test_huge_pages(lab: Lab, probe: Probe) -> None:
    lab.sysctl("vm.nr_hugepages", 1)
    all_are(lab, probe.map(2 * MIB, flags=HUGETLB).fill(), "huge", "anonymous")


def test_shared_with_a_child(lab: Lab, probe: Probe) -> None:
    region = probe.map(SIZE).fill()
    child = lab.fork(probe, "child")
    mine, theirs = lab.region_pages(region), lab.region_pages(region.of(child))
    all_are(lab, region, "shared")
    assert pages.same_frames(mine, theirs) == SIZE // lab.page_size
    assert pages.mapped(mine) == (2, 2)
    region.part(0, lab.page_size).of(child).fill(2)
    assert pages.same_frames(lab.region_pages(region), lab.region_pages(region.of(child))) == SIZE // lab.page_size - 1
    child.kill_now()


def test_active_pages_show_only_without_generations(lab: Lab, probe: Probe) -> None:
    region = file(lab, probe, "twice")
    fd = probe.open("/mnt/disk/twice", os.O_RDONLY).value
    for _ in range(3):
        probe.read(fd, SIZE)
    lab.drain_lru()
    all_are(lab, region, "active file" if lab.settings["lru"] == "classic" else "inactive file")


@pytest.mark.parametrize("kernel", every_kernel(), ids=lambda kernel: kernel.series)
def test_all_of_a_transparent_huge_page_looks_as_its_head_does(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> None:
    with lab_in(kernel, tmp_path_factory.mktemp("thp"), settings=Settings(thp="always")) as lab:
        room = lab.probe().map(8 * MIB)
        start = -(-room.address // (2 * MIB)) * 2 * MIB
        region = room.probe.region(start, 4 * MIB).fill()
        lab.drain_lru()
        all_are(lab, region, "thp", "anonymous", "anonymous LRU", "exclusive")
