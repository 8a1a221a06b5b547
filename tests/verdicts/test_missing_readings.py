"""What is not in the evidence decides nothing: a bound, a part of a sum, a divisor."""

from __future__ import annotations

import pytest

from harness.claims.address_space import MappedPages
from harness.claims.claim import AtMost, Range, Within
from harness.claims.limits import Limits, resolve
from harness.claims.quantities import Magnitude, Quantity, Recorded
from harness.evidence.floor import UNKNOWN
from harness.evidence.recording import Recording, Trial
from harness.linux.maps import Mapping

MAPS = "00001000-00003000 rw-p 00000000 00:00 0\n"


def trial(**records: object) -> Trial:
    start = {"event": "start", "machine": {"page_size": 4096}}
    sample = {"event": "sample", "name": "now", "files": {"probe/maps": MAPS}}
    kept = [{"event": "record", "name": name, "value": value} for name, value in records.items()]
    return Trial(1, {"": Recording([start, sample, *kept])})


TWO, MINUS, NONE = Recorded("two"), Recorded("minus"), Recorded("nobody recorded this")
THERE = trial(two=2, minus=-3)


@pytest.mark.parametrize(
    ("bounds", "limits"),
    [
        (Within(TWO, 5), Limits(2, 5)),
        (Within(NONE, 5), None),
        (Within(0, NONE), None),
        (Within(NONE, NONE), None),
        (AtMost(NONE), None),
        (AtMost(TWO), Limits(None, 2)),
    ],
)
def test_a_range_with_a_bound_that_was_not_read_is_none(bounds: Range, limits: Limits | None) -> None:
    assert resolve(bounds, THERE) == limits


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        (TWO + MINUS, -1),
        (TWO - 5, -3),
        (TWO + NONE, None),
        (NONE + TWO, None),
        (NONE * 2, None),
        (TWO / 4, 0.5),
        (TWO / 0, None),
        (TWO // 0, None),
        (TWO * 0, 0),
        (abs(MINUS), 3),
        (abs(TWO), 2),
        (abs(NONE), None),
    ],
)
def test_combinations(quantity: Quantity, value: float | None) -> None:
    assert quantity.read(THERE) == value


def test_a_number_without_its_sign_is_named_so() -> None:
    one = Magnitude(Recorded("minus", "pages"))
    assert (one.name, one.unit, one.noise(THERE, UNKNOWN)) == ("|minus|", "pages", 0)


@pytest.mark.parametrize(
    ("ranges", "pages"),
    [
        ([[0x1000, 0x2000]], 2),
        ([[0, 0x8000]], 2),
        ([[0x2000, 0x8000]], 1),
        ([[0x3000, 0x1000]], 0),
        ([[0, 0x1000]], 0),
        ([[0x9000, 0x1000], [0x1000, 0x1000]], 1),
        ([[0x1000, 0x800], [0x5000, 0x1000]], 0),
    ],
)
def test_mapped_pages_of_ranges(ranges: list[list[int]], pages: int) -> None:
    def any_of_them(mapping: Mapping) -> bool:
        return True

    assert MappedPages("now", "probe", "ranges", any_of_them, "mapped").read(trial(ranges=ranges)) == pages
    assert MappedPages("then", "probe", "ranges", any_of_them, "mapped").read(trial(ranges=ranges)) is None
    assert MappedPages("now", "probe", "others", any_of_them, "mapped").read(trial(ranges=ranges)) is None
