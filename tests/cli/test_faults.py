"""What may be typed behind `invoke faults`."""

from __future__ import annotations

import pytest

from harness.faults.parts import PARTS
from tests.commands import invoke, one_line


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--part", "nothing"], ["--part nothing", "the parts are", "fuzz"]),
        (["--count", "0"], ["--count 0", "at least 1"]),
        (["--count", "many"], ["--count many", "no whole number"]),
        (["--seed", "x"], ["--seed x", "no whole number"]),
    ],
)
def test_wrong_usage(words: list[str], parts: list[str]) -> None:
    one_line(invoke("faults", *words), 1, *parts)


def test_parts_are_listed() -> None:
    said = invoke("faults", "--parts").stdout
    assert [line.split()[0] for line in said.splitlines()] == list(PARTS)
