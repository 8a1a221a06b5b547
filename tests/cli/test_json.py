"""`--json`: what each command prints for programs, every key of which docs/json.md documents; hostile texts stay harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import contents, paths
from harness.cli import as_data, searching
from harness.evidence import json_file
from harness.experiment_files import Found
from harness.false_evidence.made import write_matrix
from harness.printable import acts
from harness.reports.comparison import as_data as comparison_data
from harness.reports.comparison import differences, selection
from tests.commands import invoke, one_line
from tests.reports.comparison.test_matrices import CLAIM, NEW, OLD, TMPFS, N, kept

DOCUMENTED = set(re.findall(r"`([a-z_]+)`", (paths.ROOT / "docs" / "json.md").read_text("utf-8")))
FREE = {"axes", "settings"}  # whose keys are the names of settings
ROWS = {"measured", "rows"}  # rows of verdicts.json, where they are lists: the schema documents them
HOSTILE = "<script>alert(1)</script>\x1b[2J\n\u202e\x00" + "x" * 5000


def keys(content: Any) -> Iterator[str]:
    """Yields every key of a document that is the command's own."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            if key not in FREE and not (key in ROWS and isinstance(value, list)):
                yield from keys(value)
    elif isinstance(content, list):
        for one in content:
            yield from keys(one)


def printed(*words: str) -> Any:
    done = invoke(*words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == 1
    assert set(keys(found)) - DOCUMENTED == {"schema"} - DOCUMENTED
    return found


def test_list() -> None:
    found = printed("list", "--search", "tmpfs")
    assert [one["claim"] for one in found["claims"]] == [claim["data"]["claim"] for claim, _ in searching.claims("tmpfs")]
    assert CLAIM in {one["claim"] for one in found["claims"]}
    assert {one["experiment"] for one in found["experiments"]} == {one["experiment"] for one in found["claims"]}


def test_explain() -> None:
    found = printed("explain", CLAIM)
    (claim,) = found["claims"]
    assert claim["expects"][0]["if_false"]["range"].startswith("at most")
    assert {row["claim"] for row in claim["measured"]} == {CLAIM}
    assert found["experiment"]["words"] == TMPFS.words


def test_compare() -> None:
    found = printed("compare", "reference@5.10", "reference@6.12")
    assert found["a"]["rows"] == found["compared"] + found["only_a"]
    assert {pair["claim"] for pair in found["verdicts"] if pair["changed"]}
    assert found["following_memory_total"] >= 1  # vm-is-swap
    assert all(pair["a"]["verdict"] != pair["b"]["verdict"] for pair in found["verdicts"])


def test_history() -> None:
    found = printed("history", "vma-tree-and-list")
    (line,) = found["claims"][0]["lines"]
    assert line["changes"][0]["verdicts"] == ["confirmed", "refuted"]
    assert [row["series"] for row in line["rows"]][:2] == ["5.10", "6.1"]


def test_kernels() -> None:
    found = printed("kernels", "--offline")
    assert found["archive"] == "not asked"
    assert all(one["digest"].startswith("sha256:") and one["bytes"] > 1 << 20 for one in found["kernels"])
    one_line(invoke("kernels", "--json", "--try", "6.12"), 1, "--try")


def test_doctor() -> None:
    found = printed("doctor")
    assert found["guests"]
    assert "probes" in {one["what"] for one in found["findings"]}
    assert all(one["remedy"] for one in found["findings"] if one["vital"] and not one["good"])


def test_hostile_texts_stay_harmless(tmp_path: Path) -> None:
    run = write_matrix(tmp_path / "run", TMPFS, {OLD: {"": kept(N, N, N)}, NEW: {"": kept(1, 1, 1)}})
    sides = [selection.select(f"run@{name}", run.parent) for name in ("5.10", "6.12")]
    hostile = [
        replace(side, name=HOSTILE, rows=tuple({**row, "why": HOSTILE, "kernel": HOSTILE} for row in side.rows)) for side in sides
    ]
    claim = replace(TMPFS.claims[0], text=HOSTILE)
    asked = contents.entry(Found(replace(TMPFS, question=HOSTILE), Path(), Path(), ""))
    for content in (
        comparison_data.comparison(differences.compare(*hostile), {}),
        comparison_data.histories([claim], [{**row, "run": HOSTILE} for row in hostile[0].rows]),
        as_data.claims([(asked["claims"][0], asked)]),
    ):
        text = json_file.render(content)
        assert not any(acts(one) for one in text if one != "\n")
        assert json.loads(text) == json.loads(json.dumps(content))


def test_every_documented_command_takes_it() -> None:
    page = (paths.ROOT / "docs" / "json.md").read_text("utf-8")
    for command in ("list", "explain", "compare", "history", "kernels", "doctor"):
        assert re.search(rf"invoke {command}\b[^`]*--json", page)


@pytest.mark.parametrize("words", [["list"], ["doctor"]])
def test_warnings_go_elsewhere(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("this is no Python")
    done = invoke(*words, "--json", "--experiments", str(tmp_path))
    assert json.loads(done.stdout)["schema"] == 1
    assert "broken.py" in done.stderr
