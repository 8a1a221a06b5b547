"""junit.xml and ktap.txt, read as their readers would: every kind of verdict, and that the numbers add up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.claims.claim import Known
from harness.reports import junit, ktap, report
from harness.reports.cases import Suite
from harness.verdicts.judged import Judged
from tests.reports.made import CLAIM, EXPERIMENT, PAGES, Made, cell, trial

REFUTABLE = replace(
    EXPERIMENT,
    name="surprising",
    expects=(replace(EXPERIMENT.expects[0], claim=replace(CLAIM, id="surprising", known=(Known("confirmed", "made up"),))),),
)
UNKNOWN = replace(
    EXPERIMENT, name="unknown", expects=(replace(EXPERIMENT.expects[0], claim=replace(CLAIM, id="unknown", known=())),)
)


@dataclass
class Result:
    """A test of KTAP's as a reader sees it."""

    name: str
    good: bool
    directive: str
    below: list[Result] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def parse(lines: list[str], indent: str = "") -> list[Result]:
    """A reader of Documentation/dev-tools/ktap.rst: version, plan, results numbered from 1, subtests before theirs."""
    assert lines.pop(0) == f"{indent}KTAP version 1"
    found: list[Result] = []
    plan, below, said = None, [], []
    while lines and lines[0].startswith(indent):
        if lines[0].startswith(f"{indent}  "):
            below = parse(lines, f"{indent}  ")
            continue
        line = lines.pop(0)[len(indent) :]
        if line.startswith("1.."):
            plan = int(line[3:])
        elif line.startswith("# "):
            said.append(line[2:])
        else:
            match = re.fullmatch(r"(not )?ok (\d+) ([^#]*?)(?: # (SKIP|ERROR)(.*))?", line)
            assert match, line
            assert int(match[2]) == len(found) + 1
            found.append(Result(match[3], not match[1], (match[4] or "") + (match[5] or ""), below, said))
            below, said = [], []
    assert plan == len(found)
    return found


@pytest.fixture
def judged(tmp_path: Path) -> list[Judged]:
    """As known, a surprise, undecided, skipped, without a known answer, broken."""
    skipped = Made(status="skipped", reason="it needs root")
    return [
        cell(tmp_path, [trial()] * 3, axis={"lru": "mglru"}),
        cell(tmp_path, [trial(kept=PAGES - 1)] * 3, REFUTABLE),
        cell(tmp_path, [trial(), trial(kept=1), trial()], name="undecided"),
        cell(tmp_path, [skipped] * 3, name="skipped"),
        cell(tmp_path, [trial(kept=1)] * 3, UNKNOWN),
        cell(tmp_path, [trial()], failures=["guest lost\x1b <here> # 5"], name="broken"),
    ]


KINDS = ["", "failure surprise", "failure undecided", "skipped", "", "error broken"]


def test_junit(judged: list[Judged], tmp_path: Path) -> None:
    report.write(tmp_path, judged)
    whole = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert {name: whole.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    assert whole.get("time") == "24.6"
    suites = whole.findall("testsuite")
    found = [one for suite in suites for one in suite.findall("testcase")]
    kinds = [
        next((f"{child.tag} {child.get('type', '')}".strip() for child in one if child.tag != "system-out"), "") for one in found
    ]
    assert kinds == KINDS
    assert [one.get("name") for one in found] == ["made-up", "surprising", "made-up", "made-up", "unknown", "made-up"]
    said = [child.get("message") or child.text or "" for one in found for child in one]
    assert said[0] == "confirmed, as the known answer says: All 64 pages were kept."
    assert said[1] == "refuted, but the known answer is confirmed: Of 64 pages 63 were kept."
    assert said[3] == "it needs root"
    assert said[5] == "guest lost\\x1b <here> # 5"
    assert suites[0].get("name") == "made-up [lru=mglru] on 6.12.117-made"
    assert suites[0].find("properties/property[@name='cpus']").get("value") == "1"  # type: ignore[union-attr]


def test_ktap(judged: list[Judged], tmp_path: Path) -> None:
    report.write(tmp_path, judged)
    text = (tmp_path / "ktap.txt").read_text()
    *lines, totals = text.splitlines()
    found = parse(lines)
    assert totals == "# Totals: pass:2 fail:2 xfail:0 xpass:0 skip:1 error:1"
    assert [one.good for one in found] == [True, False, False, True, True, False]
    inner = [one.below[0] for one in found]
    assert [one.good for one in inner] == [True, False, False, True, True, False]
    assert [one.directive for one in inner] == ["", "", "", "SKIP it needs root", "", "ERROR"]
    assert found[3].directive == "SKIP"
    assert "refuted, but the known answer is confirmed: Of 64 pages 63 were kept." in inner[1].said
    assert "Subtest: surprising on 6.12.117-made" in inner[1].said
    assert "guest lost\\x1b <here> # 5" in inner[5].said


def test_a_run_without_any_verdict_is_a_report_too(tmp_path: Path) -> None:
    assert ElementTree.fromstring(junit.render([]).encode()).get("tests") == "0"
    assert parse(ktap.render([]).splitlines()[:-1]) == []
    absent = Suite("name", "6.12", "section", (), None, ())
    assert ElementTree.fromstring(junit.render([absent]).encode()).get("time") == "0.0"
