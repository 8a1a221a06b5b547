"""Operations that want a kernel of their own: privileges, limits, locked memory, huge pages, file systems."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest

from harness.agent.constants import (
    ANONYMOUS,
    HUGETLB,
    IPC_RMID,
    MCL_FUTURE,
    MLOCK_ONFAULT,
    PRIVATE,
    RAMFS_MAGIC,
    SHM_LOCK,
    TMPFS_MAGIC,
)
from harness.lab.lab import Lab
from harness.linux.pages import count
from harness.linux.sizes import MIB
from harness.machine.kernels.kernel import Kernel
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest

SIZE = 4 * MIB


@pytest.fixture(scope="module", params=every_kernel(), ids=lambda kernel: kernel.series)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    kernel: Kernel = request.param
    with lab_in(kernel, tmp_path_factory.mktemp(kernel.series)) as found:
        yield found


def test_huge_pages(lab: Lab) -> None:
    lab.sysctl("vm.nr_hugepages", 4)
    probe = lab.probe("huge")
    region = probe.map(SIZE, flags=HUGETLB).fill()
    data = lab.region_pages(region)
    assert (count(data, "huge"), count(data, "resident")) == (SIZE // lab.page_size,) * 2
    assert probe.attempt.mmap(SIZE * 4, flags=PRIVATE | ANONYMOUS | HUGETLB).error == errno.ENOMEM
    probe.kill_now()
    lab.sysctl("vm.nr_hugepages", 0)


def test_file_systems_in_memory(lab: Lab) -> None:
    probe = lab.probe("writer")
    for directory, magic in ((lab.mount_tmpfs(), TMPFS_MAGIC), (lab.mount_ramfs(), RAMFS_MAGIC)):
        fd = probe.create_file(f"{directory}/file", SIZE, seed=3)
        assert probe.fstatfs(fd).value == magic
        assert probe.check_file(fd, SIZE, seed=3).value == SIZE // lab.page_size
    probe.kill_now()


def test_direct_io_passes_the_cache_by_and_a_dropped_file_costs_major_faults(lab: Lab) -> None:
    path, probe = f"{lab.mount_disk()}/file", lab.probe("reader")
    fd = probe.create_file(path, SIZE, seed=3)
    probe.fsync(fd)
    lab.drop_caches(1)
    direct = probe.open(path, os.O_RDONLY | os.O_DIRECT).value
    assert probe.check_file(direct, SIZE, seed=3).value == SIZE // lab.page_size
    assert not any(lab.file_pages(path)[1])
    read = probe.touch(probe.map(SIZE, shared=True, fd=fd).address, SIZE)
    assert read.major_faults > 0
    assert read.error == 0
    probe.kill_now()


def test_locked_memory(lab: Lab) -> None:
    probe = lab.probe("locker")
    on_fault = probe.map(SIZE)
    probe.mlock2(on_fault.address, SIZE, MLOCK_ONFAULT)
    assert count(lab.region_pages(on_fault), "resident") == 0
    segment = probe.shmget(SIZE).value
    probe.shmctl(segment, SHM_LOCK)
    attached = probe.region(probe.shmat(segment).value, SIZE).fill()
    lab.drain_lru()
    assert count(lab.region_pages(attached), "unevictable") == SIZE // lab.page_size
    probe.shmctl(segment, IPC_RMID)
    probe.mlockall(MCL_FUTURE)
    assert count(lab.region_pages(probe.map(SIZE)), "resident") == SIZE // lab.page_size
    probe.munlockall()
    probe.kill_now()


def test_an_ordinary_user_is_refused(lab: Lab) -> None:
    user = lab.probe("user", uid=1000)
    assert user.attempt.swapoff("/dev/null").error == errno.EPERM
    assert user.attempt.put("/proc/self/oom_score_adj", "-1").error == errno.EACCES
    assert user.attempt.nice(-1).error in {errno.EACCES, errno.EPERM}
    user.put("/proc/self/oom_score_adj", "1")
    root = lab.probe("root")
    root.setuid(1000, 1000)
    assert root.attempt.put("/proc/sys/vm/drop_caches", "1").error == errno.EACCES
    for probe in (user, root):
        probe.kill_now()


def test_mappings_up_to_the_kernels_limit(lab: Lab) -> None:
    limit = int(lab.read("/proc/sys/vm/max_map_count"))
    probe = lab.probe("mapper")
    made = probe.mmap_many(limit + 10, lab.page_size)
    assert limit - 40 < made.value <= limit
    assert int.from_bytes(made.text[16:24], "little") == errno.ENOMEM
    probe.kill_now()


def test_threads_children_and_sandboxes(lab: Lab) -> None:
    with lab.sandbox("few", pids_max=4) as box:
        probe = lab.probe("threaded", box)
        probe.threads(2)
        assert "Threads:\t3" in lab.read(f"/proc/{probe.pid}/status")
        assert probe.fork_idle(1, lab.page_size).value == 1
        assert lab.try_fork(probe)[0] == errno.EAGAIN
