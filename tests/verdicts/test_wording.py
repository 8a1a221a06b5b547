"""How numbers read."""

from __future__ import annotations

import pytest

from harness.claims.limits import show
from harness.evidence.recording import Number
from harness.verdicts.wording import human


@pytest.mark.parametrize(
    ("value", "machine", "people"),
    [
        (10080, "10080", "10,080"),
        (10080.0, "10080", "10,080"),
        (10080.5, "10080.5", "10,080.5"),
        (1234567.25, "1234567.2", "1,234,567.2"),
        (0.012345678, "0.0123457", "0.01235"),
        (float("inf"), "inf", "inf"),
        (-3.0, "-3", "-3"),
    ],
)
def test_no_number_is_a_power_of_ten(value: Number, machine: str, people: str) -> None:
    assert (show(value), human(value)) == (machine, people)
