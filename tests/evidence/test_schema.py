"""The rows of verdicts.json: each quantity with its two references."""

from __future__ import annotations

from typing import Any

import pytest

from harness.evidence.schema import decided


def test_each_quantity_has_the_two_references_that_follow_in_its_place() -> None:
    row: Any = {"quantities": ["one", "two"], "references": ["true of one", "false of one", "true of two", "false of two"]}
    assert list(decided(row)) == [("one", "true of one", "false of one"), ("two", "true of two", "false of two")]


def test_a_row_that_lacks_a_reference_is_refused() -> None:
    row: Any = {"quantities": ["one", "two"], "references": ["true of one", "false of one", "true of two"]}
    with pytest.raises(ValueError, match="zip"):
        list(decided(row))
