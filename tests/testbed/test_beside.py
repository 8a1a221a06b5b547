"""Verdicts of the local machine beside those of guests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.testbed import beside
from harness.verdicts import judge


def row(verdict: str, **changed: Any) -> dict[str, Any]:
    settings = {"lru": "classic", "malloc": "glibc", "swappiness": "60", **changed.pop("settings", {})}
    return {
        "claim": "made-up",
        "experiment": "made-up-experiment",
        "series": "6.12",
        "version": 1,
        "verdict": verdict,
        "known": "confirmed",
        "why": "said so",
        "settings": settings,
        **changed,
    }


def test_the_same_verdict_under_the_same_settings_holds() -> None:
    guests = [row("confirmed"), row("refuted", settings={"lru": "mglru"})]
    found = beside.compared([row("confirmed"), row("refuted", settings={"lru": "mglru", "swappiness": "0"})], guests)
    assert found.holds
    assert found.same == 2


@pytest.mark.parametrize(
    ("local", "guest", "said"),
    [
        (row("refuted"), row("confirmed"), "made-up (classic glibc) refuted, in guests confirmed: said so"),
        (row("confirmed", settings={"lru": "mglru"}), row("refuted", settings={"lru": "mglru"}), "in guests refuted"),
        (row("undecided"), row("confirmed"), "undecided, in guests confirmed"),
        # Guests were asked another version, on another kernel, or have skipped it: what is known counts.
        (row("refuted", version=2), row("refuted"), "refuted, known confirmed"),
        (row("refuted"), row("refuted", series="6.1"), "refuted, known confirmed"),
        (row("refuted"), row("skipped"), "refuted, known confirmed"),
    ],
)
def test_another_verdict_does_not(local: dict[str, Any], guest: dict[str, Any], said: str) -> None:
    found = beside.compared([local], [guest])
    assert not found.holds
    assert said in found.text()


def test_what_is_skipped_is_counted_by_its_reason() -> None:
    found = beside.compared([row("skipped", why="it needs 2 NUMA nodes"), row("confirmed")], [])
    assert found.holds
    assert "0 as in guests, 1 as known where guests have no verdict, 1 skipped" in found.text()
    assert "1 skipped: it needs 2 NUMA nodes" in found.text()


def test_what_a_system_that_is_not_at_rest_leaves_undecided_is_to_be_asked_again() -> None:
    assert beside.NOISE in Path(judge.__file__).read_text()
    noisy = row("undecided", why=f"trial 1: growth of Cached moves by up to 2 {beside.NOISE}")
    found = beside.compared([noisy, row("confirmed")], [row("confirmed")])
    assert not found.holds
    assert list(found.noisy) == ["made-up-experiment"]
    assert not found.other
    assert "moves by up to 2" in found.text()


def test_nothing_but_skipped_shows_nothing() -> None:
    assert not beside.compared([row("skipped")], [row("confirmed")]).holds
    assert not beside.compared([row("confirmed")], [], ["broken: made-up: guest lost"]).holds
