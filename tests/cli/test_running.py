"""What is meant by the names, kernels and settings that a user types."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import catalogue
from harness.claims import settings
from harness.claims.settings import Settings, matters
from harness.cli.options import kernels, sets
from harness.cli.running import chosen
from harness.errors import UsageError


def named(names: str) -> list[str]:
    return [experiment.name for experiment in chosen(names)[0]]


def test_one_name_or_several() -> None:
    assert (named("tmpfs-dropped"), chosen("tmpfs-dropped")[1]) == (["tmpfs-dropped"], None)
    assert (named("tmpfs-unreclaimable"), chosen("tmpfs-unreclaimable")[1]) == (["tmpfs-dropped"], "tmpfs-unreclaimable")
    assert named("tmpfs-swap, page-size,tmpfs-swap") == ["tmpfs-swap", "page-size"]
    assert named("all") == list(catalogue.load())
    assert set(catalogue.load()) - set(named("all,-swap-storm,-tmpfs-unreclaimable")) == {"swap-storm", "tmpfs-dropped"}


@pytest.mark.parametrize("names", ["page-sise", "page-size,-page-size", ",", "all,-nothing-like-it"])
def test_names_that_mean_nothing(names: str) -> None:
    with pytest.raises(UsageError):
        chosen(names)


def test_one_kernel_or_several(tmp_path: Path) -> None:
    assert kernels("6.12") == ("6.12",)
    assert kernels("6.12, 5.10,6.12") == ("6.12", "5.10")
    odd = tmp_path / "a,b"
    odd.write_bytes(b"")
    assert kernels(str(odd)) == (str(odd),)


def test_settings_that_can_be_typed() -> None:
    assert sets(["memory_recursiveprot=N,Y", "zswap_compressor=lz4", "disk_rate=8"]) == {
        "memory_recursiveprot": ("N", "Y"),
        "zswap_compressor": ("lz4",),
        "disk_rate": ("8",),
    }
    for wrong in ("memory_recursiveprot=1", "zswap_compressor=l z", "disk_rate=0", "thp_defrag=sometimes"):
        with pytest.raises(UsageError, match="can't be"):
            sets([wrong])


def test_every_setting_has_its_file_or_is_an_option_of_the_mount() -> None:
    placed = {*settings.PATHS, *settings.CGROUP_OPTIONS, "malloc"}
    assert placed == set(vars(Settings()))


@pytest.mark.parametrize(
    ("name", "value", "lacking"),
    [
        ("zswap", "Y", True),
        ("zswap", "N", False),
        ("lru", "mglru", True),
        ("lru", "classic", False),
        ("swappiness", "60", False),
        ("swappiness", 100, True),
        ("memory_hugetlb_accounting", "N", False),
        ("khugepaged_defrag", 0, True),
        ("khugepaged_defrag", None, False),
    ],
)
def test_what_a_kernel_without_the_setting_lacks(name: str, value: object, lacking: bool) -> None:
    assert matters(name, value) == lacking
