"""Annotations for GitHub: which lines get which level, and nothing in them that begins another command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims.claim import Known
from harness.reports import annotations
from tests.reports.made import CLAIM, EXPERIMENT, Made, cell, trial

BELIEVED = replace(
    EXPERIMENT, expects=tuple(replace(one, claim=replace(CLAIM, known=(Known("confirmed", "x"),))) for one in EXPERIMENT.expects)
)


def test_each_kind_has_its_level(tmp_path: Path) -> None:
    outcomes = [
        cell(tmp_path / "known", [trial()] * 3, experiment=BELIEVED).outcome,
        cell(tmp_path / "undecided", [trial(), trial(kept=63), trial()], experiment=BELIEVED).outcome,
        cell(tmp_path / "surprise", [trial(kept=63)] * 3, experiment=BELIEVED).outcome,
        cell(tmp_path / "broken", [{"": Made(status="broken", reason="guest lost: 100%, again::now")}] * 3).outcome,
    ]
    lines = list(annotations.lines(outcomes))
    assert lines[0] == (
        "::error title=made-up on 6.12.117-made::refuted, but the known answer is confirmed: Of 64 pages 63 were kept."
    )
    assert [line.split()[0] for line in lines] == [*["::error"] * (len(lines) - 1), "::warning"]
    assert "guest lost: 100%25, again::now" in lines[1]
    assert "the trials disagree" in lines[-1]


@pytest.mark.parametrize(
    "text", ["a\n::error::b", "a\r\n::stop-commands::x", "50 %, 1:2", "\x1b[31m\u202e", "<script>", "y" * 9999]
)
def test_no_text_begins_another_command(text: str) -> None:
    for escaped in (annotations.message(text), annotations.value(text)):
        assert "\n" not in escaped
        assert "\r" not in escaped
        assert len(escaped) <= annotations.LONGEST * 3
    assert ":" not in annotations.value(text)
    assert "," not in annotations.value(text)


def test_no_more_than_github_shows(tmp_path: Path) -> None:
    one = cell(tmp_path, [trial(kept=63)] * 3, experiment=BELIEVED).outcome
    assert len(list(annotations.lines([one] * 30))) == annotations.MOST
