"""What a procedure reads and tries in real guests, by the quantities that read it back: outcomes, smaps, counters of its own,
a panic; triggers, streams."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from harness.claims.address_space import Smaps
from harness.claims.counter_file import CounterFile
from harness.claims.needs import Needs
from harness.claims.outcomes import Errno, Faults, Result, Signal
from harness.claims.quantities import Counter, Quantity
from harness.errors import LabError
from harness.evidence import recording
from harness.evidence.floor import UNKNOWN
from harness.evidence.recording import Number, Trial
from harness.lab.lab import Lab
from harness.linux.sizes import KIB, MIB
from harness.machine.kernels.kernel import Kernel
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest

SIZE = 4 * MIB
COMPACTED = CounterFile("compact", "/proc/sys/vm/compaction_proactiveness", noise=2)
NEEDS = Needs(counters=(COMPACTED,))


@pytest.fixture(scope="module", params=every_kernel(), ids=lambda kernel: kernel.series)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Path]]:
    kernel: Kernel = request.param
    directory = tmp_path_factory.mktemp(kernel.series)
    with lab_in(kernel, directory, NEEDS) as found:
        yield found, directory


def read(lab: Lab, directory: Path, *quantities: Quantity) -> list[Number | None]:
    """Reads quantities of what was recorded so far: the same recording, its stream closed for a moment by nobody."""
    raw, packer = lab.recorder._raw, lab.recorder._packer
    raw.write(packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))  # a block that can be decompressed, of the only frame
    raw.flush()
    trial = Trial(1, {"": recording.read(directory / "recording.jsonl.zst")})
    return [quantity.read(trial) for quantity in quantities]


def test_what_was_tried_is_read_back_by_its_name(bench: tuple[Lab, Path]) -> None:
    lab, directory = bench
    probe = lab.probe("tries")
    probe.map(lab.page_size).fill()  # a first fill touches pages of the program itself too
    memory = probe.map(SIZE)
    assert memory.try_as("filled").fill().error == 0
    assert probe.try_as("too large").map(1 << 60).error == errno.ENOMEM
    assert probe.region(probe.try_as("mapped").map(SIZE).value, SIZE).fill().check() == SIZE // lab.page_size
    with lab.sandbox("small", memory_max=SIZE, memory_swap_max=0) as box:
        victim = lab.probe("dies", box)
        assert victim.map(4 * SIZE).try_as("locked").lock().ended is not None
    found = read(lab, directory, Errno("filled"), Errno("too large"), Errno("locked"), Signal("filled"), Signal("locked"))
    assert found == [0, errno.ENOMEM, -9, 0, 9]
    assert read(lab, directory, Faults("filled"), Result("too large"), Errno("never tried")) == [
        SIZE // lab.page_size,
        None,
        None,
    ]
    with pytest.raises(LabError, match="outcome 'filled'"):
        memory.try_as("filled").fill()


def test_one_mapping_of_smaps(bench: tuple[Lab, Path]) -> None:
    lab, directory = bench
    probe = lab.probe("mapped")
    region, other = probe.map(SIZE, shared=True).fill(), probe.map(SIZE, shared=True)
    lab.fork(probe, "second mapper").touch(region.address, SIZE)
    lab.sample("two mappers", smaps={"region": region, "other": other})
    pages = SIZE // lab.page_size
    keys = [Smaps("two mappers", "region", key) for key in ("Rss", "Pss", "Shared_Dirty", "Private_Dirty")]
    assert read(lab, directory, *keys) == [pages, pages // 2, pages, 0]
    assert read(lab, directory, Smaps("two mappers", "other", "Rss"), Smaps("two mappers", "other", "None")) == [0, None]


def test_counters_of_a_group_and_of_a_process(bench: tuple[Lab, Path]) -> None:
    lab, directory = bench
    with lab.sandbox("counted", memory_low=SIZE, memory_min=SIZE // 2, pids_max=10, controllers=("io", "hugetlb")) as box:
        probe = lab.probe("of it", box)
        probe.map(SIZE).fill()
        fd = probe.create_file(f"{lab.mount_disk('disk')}/counted", SIZE)
        probe.fsync(fd)
        lab.sample("counted")
        pages = SIZE // lab.page_size
        exact = {"memory.low": pages, "memory.min": pages // 2, "pids.current": 1, "cgroup.stat:nr_descendants": 0}
        found = read(lab, directory, *(Counter(f"counted/{key}", "counted") for key in exact))
        assert found == list(exact.values())
        written, node, limit = read(
            lab,
            directory,
            Counter("counted/io.stat:wbytes", "counted"),
            Counter("counted/memory.numa_stat:anon.0", "counted"),
            Counter("of it/limits:Max open files.soft", "counted"),
        )
        assert (written or 0) >= pages
        assert abs((node or 0) - pages) <= 64  # it lags by a batch on some kernels
        assert limit
        sent, huge = read(lab, directory, Counter("of it/io:wchar", "counted"), Counter("counted/hugetlb.2MB.current", "counted"))
        assert (sent or 0) > pages  # the replies too
        assert huge == 0


def test_a_file_of_the_experiments_own(bench: tuple[Lab, Path]) -> None:
    lab, directory = bench
    lab.sample("before own")
    lab.sysctl("vm.compaction_proactiveness", 25)
    lab.sample("after own")
    grown = COMPACTED.change("before own", "after own")
    assert read(lab, directory, COMPACTED.at("after own"), grown) == [25, 5]
    trial = Trial(1, {"": recording.read(directory / "recording.jsonl.zst")})
    assert grown.noise(trial, UNKNOWN) == 2
    with pytest.raises(LabError, match=r"memory\.stat"):
        CounterFile("memory.stat", "/proc/version")


def test_a_trigger_and_a_notification_come_in_time(bench: tuple[Lab, Path]) -> None:
    lab, _ = bench
    with lab.sandbox("squeezed", memory_high=SIZE, memory_swap_max=0) as box:
        waiter, worker = lab.probe("waiter"), lab.probe("worker", box)
        stalled = waiter.trigger(f"{box.path}/memory.pressure", 10_000, 2_000_000)
        events = waiter.open(f"{box.path}/memory.events", os.O_RDONLY).value
        waiter.read(events, 4 * KIB)
        assert waiter.poll(events, 1_000_000).value == 0
        working = worker.begin.fill(worker.map(4 * SIZE).address, 4 * SIZE)
        assert waiter.poll(stalled, 20_000_000_000).value
        assert waiter.poll(events, 20_000_000_000).value
        box.set("memory.high", "max")
        assert working.wait().error == 0


def test_loopback(bench: tuple[Lab, Path]) -> None:
    lab, _ = bench
    lab.loopback()
    assert lab.probe("connected").tcp_pair().text
