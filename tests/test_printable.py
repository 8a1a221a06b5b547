"""What comes from elsewhere is harmless to show: at each output, nothing that acts on a terminal or turns a line round."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import base
from harness.errors import LabError
from harness.evidence import json_file, run_directory
from harness.printable import acts, harmless
from harness.reports import report, wording
from harness.verdicts import run_cells
from tests.reports.made import cell, trial

# A window's title, the clipboard (OSC 52), a C1 control, what turns a line round, a separator of lines, half a pair.
HOSTILE = "x\x1b]0;owned\x07 \x1b]52;c;AAAA\x9c\x9b31m \u202etxt.exe\u2066 \u2028 \x7f\x00\r\ud800 <b>|`&"
ACTING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def acting(text: str) -> set[str]:
    return {letter for letter in text if unicodedata.category(letter) in ACTING} - {"\n"}


def test_each_is_written_as_its_number() -> None:
    assert harmless("a\x1b[1m\x9bb\u202ec\U000e0001d\ud800") == "a\\x1b[1m\\x9bb\\u202ec\\U000e0001d\\ud800"
    assert harmless("µ “ä” → 山 …") == "µ “ä” → 山 …"
    assert harmless("a\n\tb", keep="\n\t") == "a\n\tb"
    assert harmless("a\nb") == "a\\x0ab"


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    assert not any(map(acts, harmless(text)))
    assert acting(wording.plain(text) + wording.code(text) + str(LabError("thing", text))) == set()
    line = json_file.render({"a": [text], text: {"b": {"c": text}}})
    assert acting(line) == set()
    assert json.loads(line) == {"a": [text], text: {"b": {"c": text}}}


def test_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    base.say(HOSTILE)
    base.warn(LabError(HOSTILE, HOSTILE))
    said = capsys.readouterr()
    assert acting(said.out + said.err) == set()
    assert len(said.err.splitlines()) == 1


def test_all_that_a_run_writes(tmp_path: Path) -> None:
    """report.md, verdicts.json, junit.xml, ktap.txt, plots and the printed answer, of evidence with all of it in its texts."""
    from harness.cli import answer

    name = HOSTILE.replace("\ud800", "")  # which no file can hold
    judged = [
        cell(tmp_path, [trial()], failures=[f"guest lost: {name}"], name="broken"),
        cell(tmp_path, [trial()] * 3, name="whole"),
    ]
    judged[1].rows[0]["settings"]["odd"] = name
    judged[1].rows[0]["why"] = name
    judged[1].trials[0].arms[""].start["machine"]["command_line"] = name
    run_directory.write_verdicts(tmp_path, run_cells.document(tmp_path, [one.outcome for one in judged]))
    report.write(tmp_path, judged)
    texts = [path for path in tmp_path.rglob("*") if path.suffix in {".md", ".json", ".xml", ".txt", ".svg"} and path.is_file()]
    assert len(texts) >= 4
    for path in texts:
        assert acting(path.read_text("utf-8")) == set(), path.name
    for path in [*tmp_path.rglob("*.xml"), *tmp_path.rglob("*.svg")]:
        ElementTree.parse(path)
    assert json.loads((tmp_path / "verdicts.json").read_text())["verdicts"][0]["why"] == name
    for one in judged:
        assert acting(harmless("\n".join(answer.lines(one)), keep="\n")) == set()
