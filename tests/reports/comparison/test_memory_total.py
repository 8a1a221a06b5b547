"""Quantities that only follow from another MemTotal are no changes."""

from __future__ import annotations

from typing import Any

import pytest

from harness.evidence.schema import Row
from harness.reports.comparison import differences, memory_total, rows
from harness.reports.comparison.selection import Selection

A, B = 1_000_000_000, 976_000_000  # MemTotal of two kernels


def row(values: list[float], bound: str, total: int | None) -> Row:
    found: dict[str, Any] = {
        "claim": "one",
        "verdict": "confirmed",
        "known": None,
        "kernel": "6.1.1",
        "series": "6.1",
        "settings": {},
        "quantities": [{"name": "pages", "unit": "pages", "if_true": bound, "if_false": "none", "values": values}],
        "references": [],
        "why": "",
    }
    return found | ({} if total is None else {"memory_total": total})  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("one", "other", "follows"),
    [
        (row([100_000] * 3, ">= 1", A), row([97_600] * 3, ">= 1", B), True),  # in proportion
        (row([97_600] * 3, ">= 1", A), row([100_000] * 3, ">= 1", B), True),  # in inverse proportion
        (row([100_000] * 3, ">= 1", A), row([97_599] * 3, ">= 1", B), True),  # rounded
        (row([100_000] * 3, ">= 1", A), row([97_598] * 3, ">= 1", B), False),
        (row([100_000] * 3, ">= 1", A), row([97_600] * 3, ">= 1", A), False),  # MemTotal is the same
        (row([100_000] * 3, ">= 1", A), row([60_000] * 3, ">= 1", B), False),
        (row([0] * 3, ">= 1", A), row([1] * 3, ">= 1", B), False),  # one page is no share of MemTotal
        (row([2] * 3, ">= 1", A), row([1] * 3, ">= 1", B), False),
        (row([5_100] * 3, "<= 5000", A), row([4_980] * 3, "<= 4880", B), True),  # as far beyond its own bound
        (row([5_100] * 3, "<= 5000", A), row([4_900] * 3, "<= 4880", B), False),
        (row([0.94] * 3, "0.4 to 0.6", A), row([0.93] * 3, "0.4 to 0.6", B), False),
        # Rows from before they told MemTotal: as vm-is-swap of the reference, three times its bound on each side.
        (row([167_064] * 3, "<= 55689", None), row([162_984] * 3, "<= 54329", None), True),
        (row([168_217] * 3, "<= 55689", None), row([164_137] * 3, "<= 54329", None), True),  # and so much more on both
        (row([168_217] * 3, "<= 55689", None), row([164_135] * 3, "<= 54329", None), False),
        (row([168_217] * 3, "<= 3", None), row([168_200] * 3, "<= 2", None), False),  # any whole number is a multiple of that
        (row([167_064] * 3, "<= 55689", None), row([162_000] * 3, "<= 54329", None), False),
        (row([167_064] * 3, "<= 55689", None), row([162_984] * 3, "<= 55689", None), False),
    ],
)
def test_what_follows(one: Row, other: Row, follows: bool) -> None:
    (difference,) = rows.differing(one, other)
    assert memory_total.explains(one, other, difference) == follows
    found = differences.compare(*(Selection(name, (each,), frozenset(), name) for name, each in (("a", one), ("b", other))))
    listed, following = found.quantities({})
    assert (len(listed), following) == ((0, 1) if follows else (1, 0))
    assert any("1 more quantity only as far as MemTotal differs" in line for line in differences.lines(found, {})) == follows
