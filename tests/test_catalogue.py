"""What names, sections and folders find."""

from __future__ import annotations

import pytest

from harness import catalogue
from harness.errors import UsageError


def test_a_section_is_found_by_its_title_its_folder_and_an_experiment_of_it() -> None:
    by_title = catalogue.of_section("Running out of memory")
    assert by_title
    assert [one.name for one in catalogue.of_section("out_of_memory")] == [one.name for one in by_title]
    assert [one.name for one in catalogue.of_section("oom-adj-range")] == ["oom-adj-range"]
    assert len(catalogue.of_section("")) == len(catalogue.load())


def test_no_section_of_that_name() -> None:
    with pytest.raises(UsageError, match="sections are"):
        catalogue.of_section("nothing like it")
