"""The axis of two hypotheses: every number stands in the zone of the range that it lies in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.limits import Limits
from harness.reports.pictures.zones import Axis

RANGES = [
    (Limits(8192, 8192), Limits(None, 8191), 0),
    (Limits(0, 0), Limits(1, None), 0),
    (Limits(-16, 16), Limits(-16, 16, outside=True), None),
    (Limits(12, 12), Limits(12, 12, outside=True), None),
    (Limits(None, 256), Limits(385, None), 0),
    (Limits(0.49, 0.51), Limits(0.49, 0.51, outside=True), None),
    (Limits(0, None), Limits(None, -1), None),
]


def numbers(seed: int) -> list[int | float]:
    return [seed, -seed, seed / 7, 0, 1, 255, 256, 300, 384, 385, 8191, 8192, 8193, 10**9]


@pytest.mark.parametrize(("true", "false", "least"), RANGES)
@given(seed=st.integers(0, 10**6))
def test_a_number_stands_in_the_zone_of_its_range(true: Limits, false: Limits, least: int | None, seed: int) -> None:
    values = [value for value in numbers(seed) if least is None or value >= least]
    axis = Axis(true, false, values, 10, 460, least)
    assert sum(zone.width for zone in axis.zones) == pytest.approx(460)
    for value in values:
        x = axis.place(value)
        side = "true" if true.holds(value) else "false" if false.holds(value) else ""
        at = [zone for zone in axis.zones if zone.x <= x <= zone.x + zone.width]
        assert side in {zone.side for zone in at}, (value, x, axis.zones)


def test_a_single_number_has_a_zone_that_can_be_seen() -> None:
    axis = Axis(Limits(8192, 8192), Limits(None, 8191), [0, 8191, 8192], 0, 460, 0)
    assert [zone.side for zone in axis.zones] == ["false", "true"]
    assert axis.zones[1].width > 100
    assert axis.place(8191) < axis.zones[1].x < axis.place(8192)


def test_numbers_far_apart_are_placed_by_their_logarithms() -> None:
    axis = Axis(Limits(0, 0), Limits(1, None), [0, 1, 1_000, 1_000_000], 0, 460, 0)
    first, middle, last = (axis.place(value) for value in (1, 1_000, 1_000_000))
    assert middle - first == pytest.approx(last - middle)


@pytest.mark.parametrize(
    "limits",
    [
        *(one for pair in RANGES for one in pair[:2]),
        Limits(None, None),
        Limits(20, None, events=36),
        Limits(36, 36, events=36),
        Limits(1, 5),
        Limits(1, 5, outside=True),
    ],
)
def test_a_range_is_read_as_it_was_written(limits: Limits) -> None:
    assert Limits.parse(str(limits)) == limits


def test_what_was_never_written_is_no_range() -> None:
    assert Limits.parse("anything") is None
    assert Limits.parse("= 5 | = 6") == Limits(5, 5)
