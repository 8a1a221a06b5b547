"""What does not fit between reasons and survivors; the shares; the page of survivors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.bench import report
from harness.bench.mutants import page, reasons
from harness.bench.schema import MutantsFile
from harness.errors import LabError
from harness.evidence import json_file

ENTRY = {"why": "Nothing is swapped.", "equivalent": True, "mutants": {"small": ["exchanged: vmstat:pswpout → pswpin"]}}
WHICH = ("small", "exchanged: vmstat:pswpout → pswpin")


def written(path: Path, *entries: object) -> Path:
    path.write_text(json.dumps(entries))
    return path


def test_a_survivor_with_a_reason_is_no_problem(tmp_path: Path) -> None:
    known = reasons.read(written(tmp_path / "reasons.json", ENTRY))
    assert list(reasons.problems(known, {WHICH}, {WHICH}, set())) == []


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    known = reasons.read(written(tmp_path / "reasons.json", ENTRY))
    lost = ("small", "left out: lab.sync()")
    assert list(reasons.problems({}, {lost}, {lost}, set())) == [
        "small: left out: lab.sync(): nobody notices it, and reasons.json has no reason"
    ]
    assert list(reasons.problems(known, set(), set(), set())) == [
        "small: exchanged: vmstat:pswpout → pswpin: reasons.json has a reason for it, and there is no such mutant"
    ]
    assert list(reasons.problems(known, {WHICH}, set(), {WHICH})) == [
        "small: exchanged: vmstat:pswpout → pswpin: reasons.json has a reason for it, and it is noticed"
    ]


def test_two_reasons_for_one_mutant(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"small, exchanged: .* it has two reasons"):
        reasons.read(written(tmp_path / "reasons.json", ENTRY, ENTRY))


def mutant(name: str, kind: str, noticed: str | None) -> dict[str, object]:
    return {"experiment": "small", "mutant": name, "kind": kind, "digest": name, "noticed": noticed, "why": ""}


FOUND: MutantsFile = {  # type: ignore[typeddict-item]
    "schema": 1,
    "kernel": "6.12.1-made",
    "series": "6.12",
    "measured": "today",
    "there are": {"left out": 20, "halved": 4, "swapped": 0, "exchanged": 1},
    "not run": {"other": "it is undecided"},
    "references": ["third: claim: reference “nothing” is 0 by construction: it never moves"],
    "mutants": [
        *(mutant(f"left out: {number}", "left out", "a reference") for number in range(9)),
        mutant("left out: 9", "left out", None),
        mutant("halved: SIZE", "halved", "the verdict"),
        mutant(WHICH[1], "exchanged", None),
    ],
    "decoders": [
        {"decoder": "meminfo", "how": "halves", "noticed": ["small"], "unnoticed": ["other", "third"]},
        {"decoder": "maps.parse", "how": "without the last", "noticed": [], "unnoticed": ["small"]},
    ],
}


def test_shares_with_and_without_those_that_mean_the_same(tmp_path: Path) -> None:
    known = reasons.read(written(tmp_path / "reasons.json", ENTRY))
    found = page.shares(FOUND, known)
    left_out, exchanged = found["an operation left out"], found["a counter exchanged for another of its file"]
    assert (left_out.there, left_out.run, left_out.found, left_out.of_others) == (20, 10, 9, 0.9)
    assert (exchanged.run, exchanged.found, exchanged.equivalent, exchanged.of_others) == (1, 0, 1, None)
    assert found["a decoder"].of_others == 0.5
    lines = {row[1]: row for row in page.rows(FOUND, known)}
    assert lines["an operation left out"][2:] == [
        "10, 20", "9 (90.0 %)", "0", "90.0 %", "a reference 9", "at least 90 %: met"
    ]  # fmt: skip
    assert lines["experiments, all together"][2:6] == ["12, 25", "10 (83.3 %)", "1", "90.9 %"]
    assert lines["a decoder"][7] == "at least 90 %: **missed**"


def test_the_pages(tmp_path: Path) -> None:
    json_file.write(tmp_path / "mutants-6.12.json", FOUND)
    text = report.write(tmp_path).read_text()
    assert "| 6.12 | an operation left out | 10, 20 | 9 (90.0 %) | 0 | 90.0 % | a reference 9 | at least 90 %: met |" in text
    survivors = (tmp_path / "mutants.md").read_text()
    assert "No reason is known.\n\n- small: `left out: 9`\n- small: `exchanged: vmstat:pswpout → pswpin`" in survivors
    assert "in 4 cases (a decoder, a way, an experiment); in 1 of them (25.0 %)" in survivors
    assert "is 0 by construction: it never moves." in survivors
    assert "Not broken, since one trial decides nothing: other (it is undecided)." in survivors
