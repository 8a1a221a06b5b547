"""Settings in real guests: pinned, read back, absent where the kernel has none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.claims.needs import Disk, Needs
from harness.claims.settings import PATHS, Settings
from harness.lab.lab import Lab
from harness.lab.pinning import Absent, pin
from harness.linux.sizes import MIB
from harness.machine.kernels import find
from tests.guests import lab_in, two_kernels

pytestmark = pytest.mark.guest

SMALL = Needs(disks=(Disk("disk", "ext4", 64 * MIB),))


def labs(directory: Path, settings: Settings | None = None) -> Iterator[Lab]:
    """Opens a guest of each of two kernels, one after the other."""
    for series in two_kernels():
        with lab_in(find.by_name(series), directory / series, SMALL, settings) as lab:
            yield lab


def test_a_guests_groups_are_mounted_as_systemd_does(tmp_path: Path) -> None:
    for lab in labs(tmp_path):
        assert lab.settings["nsdelegate"] == lab.settings["memory_recursiveprot"] == "Y"
        assert lab.settings["memory_localevents"] == "N"


def test_mount_options_are_set_and_read_back(tmp_path: Path) -> None:
    for lab in labs(tmp_path, Settings(memory_recursiveprot="N", memory_localevents="Y")):
        mounted = next(line for line in lab.read("/proc/mounts").splitlines() if line.startswith("cgroup2"))
        assert "memory_recursiveprot" not in mounted
        assert "memory_localevents" in mounted
        assert "nsdelegate" in mounted
        assert (lab.settings["memory_recursiveprot"], lab.settings["memory_localevents"]) == ("N", "Y")


def test_every_file_is_set_and_read_back(tmp_path: Path) -> None:
    """A value other than the kernel's own, for each setting with a number that this kernel has."""
    others = {"oom_kill_allocating_task": 1, "panic_on_oom": 0, "ksm": 1, "khugepaged_defrag": 0, "dirty_ratio": 30}
    chosen = {"vfs_cache_pressure": 50, "dirty_background_ratio": 7, "max_map_count": 70000, "readahead": 64, "page_cluster": 1}
    slow = {"khugepaged_scan_sleep_millisecs": 10, "khugepaged_max_ptes_none": 0, "ksm_pages_to_scan": 1000}
    wanted = {**others, **chosen, **slow, "watermark_scale_factor": 200, "min_free_kbytes": 8192, "admin_reserve_kbytes": 1}
    for lab in labs(tmp_path, Settings(**wanted, thp_defrag="defer")):  # type: ignore[arg-type]
        assert {name: lab.settings[name] for name in wanted} == {name: str(value) for name, value in wanted.items()}
        assert lab.settings["thp_defrag"] == "defer"
        assert lab.settings["disk_size"] == "64"
        disk = os.path.basename(lab.device("disk"))
        assert lab.read(PATHS["readahead"].replace("{disk}", disk)).strip() == "64"


@pytest.mark.parametrize(
    "settings", [Settings(zswap="Y"), Settings(memory_hugetlb_accounting="Y"), Settings(lru_min_ttl_ms=1000)], ids=lambda one: ""
)
def test_what_the_kernel_lacks_is_absent(tmp_path: Path, settings: Settings) -> None:
    old, _ = two_kernels()
    with pytest.raises(Absent, match="this kernel"), lab_in(find.by_name(old), tmp_path, SMALL, settings):
        pass


def test_what_is_off_anyway_is_no_lack(tmp_path: Path) -> None:
    old, _ = two_kernels()
    with lab_in(find.by_name(old), tmp_path, SMALL) as lab:
        off = Settings(zswap="N", lru="classic", memory_hugetlb_accounting="N")
        assert pin(lab, off, SMALL)["zswap"] is None
