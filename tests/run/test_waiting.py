"""The line until the answer: what stands on a terminal while it runs and after it, and what in a log."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.run.waiting import Waiting
from tests.reports.made import cell, trial
from tests.run.test_progress import planned


def test_it_says_what_is_done_and_how_far_it_is(tmp_path: Path) -> None:
    waiting = Waiting(console=Console(file=io.StringIO()))
    assert waiting.text().startswith("finding and checking the kernel, ")
    one = planned("classic")
    waiting.planned(tmp_path, [one], [])
    assert waiting.text().startswith("starting a machine, ")
    waiting.began(one)
    waiting.trial_over(one)
    assert waiting.text().startswith("made-up@lru=classic@6.12.117-made: 1 of 3 trials over, ")
    waiting.done(cell(tmp_path, [trial()] * 3, axis={"lru": "classic"}, name=one.name))
    assert waiting.text().startswith("judging, drawing, writing the report, ")


def test_of_many_cells_it_says_how_many_are_done(tmp_path: Path) -> None:
    waiting = Waiting(console=Console(file=io.StringIO()))
    waiting.planned(tmp_path, [planned("classic"), planned("mglru")], [])
    assert waiting.text().startswith("0 of 2 done; starting a machine, ")


@pytest.mark.parametrize("still", [False, True])
def test_on_a_terminal_it_is_erased(tmp_path: Path, still: bool) -> None:
    text = io.StringIO()
    waiting = Waiting(still, Console(file=text, width=80, force_terminal=True, color_system=None))
    with waiting.shown():
        waiting.planned(tmp_path, [planned("classic")], [])
        with waiting.aside():
            at = text.tell()
            assert text.getvalue()[:at].endswith(("\x1b[2K", "\x1b[?25h"))
            text.write("the answer\n")
    shown = text.getvalue()
    assert "finding and checking the kernel" in shown
    assert "\x1b[2K" in shown.partition("the answer")[2] + shown.partition("the answer")[0]
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is there again


def test_a_ci_gets_a_line_and_a_pipe_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for ci, said in (("true", "made-up@lru=classic@6.12.117-made: 3 trials begin\n"), ("", "")):
        monkeypatch.setenv("CI", ci)
        text = io.StringIO()
        waiting = Waiting(console=Console(file=text, width=80))
        with waiting.shown():
            waiting.planned(tmp_path, [planned("classic")], [])
            waiting.began(planned("classic"))
        assert text.getvalue() == said
