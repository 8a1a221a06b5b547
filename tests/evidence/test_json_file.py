"""JSON files: a row a line, nothing lost, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import LabError
from harness.evidence import json_file

RESULTS = Path(__file__).resolve().parents[2] / "results"
IN_GIT = sorted([*RESULTS.glob("reference/*.json"), *RESULTS.glob("bench/*.json")])


def test_a_row_a_line() -> None:
    content = {"schema": 1, "host": {"cpus": 2}, "rows": [{"a": [1, 2], "b": "µ"}, {"a": []}], "none": [], "names": ["x"]}
    text = json_file.render(content)
    assert text.splitlines() == [
        "{",
        ' "schema": 1,',
        ' "host": {"cpus": 2},',
        ' "rows": [',
        '  {"a": [1, 2], "b": "µ"},',
        '  {"a": []}',
        " ],",
        ' "none": [],',
        ' "names": ["x"]',
        "}",
    ]
    assert json.loads(text) == content


@pytest.mark.parametrize(
    "content", [{}, [], 1, None, {"moving": {"a": {"min": 1}, "b": {"min": 1.5}}, "still": {"f": ["k"]}}, {"runs": ("a", ("b",))}]
)
def test_nothing_is_lost(content: object) -> None:
    assert json.loads(json_file.render(content)) == json.loads(json.dumps(content))


@pytest.mark.parametrize("path", IN_GIT, ids=lambda path: path.name)
def test_files_in_git_are_written_so(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == json_file.render(json.loads(text)) + "\n"
    assert len(text.splitlines()) < (500 if path.name == "bench.json" else 2000)


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    json_file.write(path, {"schema": 1})
    path.with_name(".verdicts.json.new").mkdir()
    with pytest.raises(LabError, match=r"verdicts\.json"):
        json_file.write(path, {"schema": 2})
    assert json.loads(path.read_text()) == {"schema": 1}
