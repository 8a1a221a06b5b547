"""One order of kernel releases."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.cli import listing
from harness.linux import releases
from harness.machine.kernels.kernel import Kernel

# As they came out, oldest first.
IN_ORDER = [
    "2.6.32",
    "5.10.0-9-amd64",
    "5.10.0-46-amd64",
    "6.1.99",
    "6.1.180",
    "6.12.9",
    "6.12.90+deb13-cloud-amd64",
    "6.12.117+deb12-cloud-amd64",
    "6.12.117+deb13-cloud-amd64",
    "7.2.0-rc5",
    "7.2.0-0.rc7.20261014git.29.fc46",
    "7.2.0-rc10+",
    "7.2.0",
    "7.2.1",
    "7.10-rc1",
]


def test_the_order_of_releases() -> None:
    shuffled = random.Random(1).sample(IN_ORDER, len(IN_ORDER))
    assert sorted(shuffled, key=releases.order) == IN_ORDER


@pytest.mark.parametrize(
    ("one", "other"), [("6.12.9", "6.12.117"), ("7.2.0-rc5", "7.2.0"), ("7.2-rc5", "7.2.0"), ("5.8", "5.10")]
)
def test_what_was_the_wrong_way_round(one: str, other: str) -> None:
    assert releases.order(one) < releases.order(other)


def test_a_missing_number_is_none() -> None:
    assert releases.order("7.2") == releases.order("7.2.0")
    assert releases.order("7.2~rc3") == releases.order("7.2-rc3")
    assert releases.order("mine") < releases.order("2.6")


@pytest.mark.parametrize(
    ("release", "series"),
    [
        ("6.12.117+deb13-cloud-amd64", "6.12"),
        ("7.2-rc5", "7.2"),
        ("7.2.0-rc5", "7.2"),
        ("5.10.0-46-amd64", "5.10"),
        ("mine", "mine"),
    ],
)
def test_the_series_of_a_release(release: str, series: str) -> None:
    assert releases.series(release) == series


def test_kernels_are_listed_in_order() -> None:
    kernels = [Kernel("", release, Path(__file__), None, None, "", "") for release in reversed(IN_ORDER)]
    lines = list(listing.kernel_lines([], [], kernels, [], lambda _: "boots"))
    assert [line.split()[1] for line in lines[1:]] == IN_ORDER


def test_a_range_of_releases_has_its_beginning_and_not_its_end() -> None:
    assert [release for release in ("5.10", "6.1", "6.12", "7.2") if releases.within(release, "6.1", "7.2")] == ["6.1", "6.12"]
    assert releases.within("5.10", None, "6.1")
    assert releases.within("7.2", "6.1", None)
    assert releases.within("7.2", None, None)
