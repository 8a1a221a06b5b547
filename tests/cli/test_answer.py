"""The answer on the terminal: sentence, verdict, numbers, what else, which setting is this machine's; whatever the texts are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims.claim import AtLeast, AtMost, Besides, Known
from harness.claims.quantities import Pages
from harness.cli import answer, yours
from harness.linux import releases
from tests.reports.made import CLAIM, EXPERIMENT, cell, trial


@pytest.fixture(autouse=True)
def mglru_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yours, "here", {"lru": "mglru", "swappiness": "10"}.get)


def said(directory: Path, axis: dict[str, str], **changes: object) -> list[str]:
    experiment = replace(EXPERIMENT, **changes)  # type: ignore[arg-type]
    return list(answer.lines(cell(directory, [trial()] * 3, experiment=experiment, axis=axis)))


def test_the_sentence_its_verdict_and_the_numbers(tmp_path: Path) -> None:
    lines = said(tmp_path, {})
    assert lines[0] == "“What was written to a *made-up* file cannot be freed.” — CONFIRMED"
    assert lines[1] == "  made-up on 6.12.117-made (guest, TCG), 3 of 3 trials"
    assert lines[2] == "  All 64 pages were kept."
    assert lines[3].startswith("  Controls: ")
    assert len(lines) == 4


def test_this_machine_s_setting_is_marked_and_no_other(tmp_path: Path) -> None:
    ours = said(tmp_path / "ours", {"lru": "mglru"})[0]
    others = said(tmp_path / "others", {"lru": "classic"})[0]
    assert ours.endswith("CONFIRMED with MGLRU ← yours: MGLRU")
    assert others.endswith("CONFIRMED with the classic LRU lists")


def test_what_else_is_to_be_known_is_said_where_it_was_so(tmp_path: Path) -> None:
    beside = Besides(CLAIM, Pages("dropped", "locked").called("locked"), AtLeast(1), "And {value} pages were locked.")
    assert "  Know this too: And 64 pages were locked." in said(tmp_path / "so", {}, besides=(beside,))
    other = replace(beside, holds=AtMost(0))
    assert not [line for line in said(tmp_path / "not", {}, besides=(other,)) if "Know this too" in line]


def test_a_refuted_belief_has_what_to_do_instead(tmp_path: Path) -> None:
    claim = replace(CLAIM, known=(Known("confirmed", "made up"),), instead="Sync first.")
    expects = tuple(replace(one, claim=claim) for one in EXPERIMENT.expects)
    experiment = replace(EXPERIMENT, expects=expects)
    lines = list(answer.lines(cell(tmp_path, [trial(kept=63)] * 3, experiment=experiment)))
    assert lines[0].endswith("— REFUTED — a SURPRISE: the known answer is confirmed")
    assert "  Instead: Sync first." in lines


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "two\nlines",
        "\x1b[31mred",
        "\u202etxt.exe",
        "{value} %s %(x)s",
        "x" * 20_000,
        "",
        "“ ” — CONFIRMED",
    ],
)
def test_whatever_a_claim_s_text_is_an_answer_keeps_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    from harness.cli.base import say

    claim = replace(CLAIM, text=text)
    expects = tuple(replace(one, claim=claim) for one in EXPERIMENT.expects)
    lines = list(answer.lines(cell(tmp_path, [trial()] * 3, experiment=replace(EXPERIMENT, expects=expects))))
    for line in lines:
        say(line)
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == len(lines) == 4
    assert not {"\x1b", "\u202e"} & set(shown)


def test_an_undecided_verdict_says_what_to_do(tmp_path: Path) -> None:
    lines = list(answer.lines(cell(tmp_path, [trial(), trial(kept=63), trial()])))
    assert "— UNDECIDED" in lines[0]
    assert "  What to do: more of them may tell: --trials 9." in lines


def test_settings_of_this_machine_come_from_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert yours.here("lru") in {"classic", "mglru"}
    assert (yours.here("swappiness") or "").isdecimal()
    assert yours.here("page_size") == "4096"
    assert yours.here("no such setting") is None
    assert yours.here("readahead") is None  # which disk's?
    assert not yours.is_here({})


def test_the_nearest_series_is_no_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yours, "release", lambda: "6.8.0-31-generic")
    assert yours.nearest_series(["5.10", "6.1", "6.12", "7.2"]) == "6.1"
    assert yours.nearest_series(["6.12"]) is None
    assert releases.order("6.8") < releases.order("6.12")
