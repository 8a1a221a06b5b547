"""JSON files: a row a line, nothing lost, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import pytest

from harness.errors import Damaged, LabError
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
    content = json.loads(text)
    assert text == json_file.render(content) + "\n"
    rows = len(content.get("verdicts", []))  # each a line of its own
    assert len(text.splitlines()) < rows + (500 if path.name == "bench.json" else 2000)


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.json"
    json_file.write(path, {"schema": 1})
    path.with_name(".verdicts.json.new").mkdir()
    with pytest.raises(LabError, match=r"verdicts\.json"):
        json_file.write(path, {"schema": 2})
    assert json.loads(path.read_text()) == {"schema": 1}


def test_characters_that_act_are_written_as_jsons_escapes() -> None:
    """The same content, and nothing in it acts on a terminal; what is only seen stays as it is."""
    content = {"\u202ename": "µ \x1b[31m \u2028 \U000e0001 é", "rows": [{"\x9b": "\u202e"}], "kept": {"\x9b": [1, "ß"]}}
    text = json_file.render(content)
    assert text.splitlines() == [
        "{",
        ' "\\u202ename": "µ \\u001b[31m \\u2028 \\udb40\\udc01 é",',
        ' "rows": [',
        '  {"\\u009b": "\\u202e"}',
        " ],",
        ' "kept": {',
        '  "\\u009b": [1, "ß"]',
        " }",
        "}",
    ]
    assert json.loads(text) == content
    assert json_file.shown("a\n\x1b") == "a\n\\u001b"
    assert json_file.render(["µ\x9b"]) == '["µ\\u009b"]'
    assert json_file.render({1: {2: [3], "x": {}}}) == '{\n "1": {\n  "2": [3],\n  "x": {}\n }\n}'
    assert json_file.render({"a": (1, (2,)), "b": {"c": (1,)}}) == '{\n "a": [\n  1,\n  [2]\n ],\n "b": {\n  "c": [1]\n }\n}'


def test_a_seal_is_of_all_other_keys_in_any_order() -> None:
    digest = hashlib.sha256(b'{"a":[1,"\\u00b5"],"b":null}').hexdigest()
    for content in ({"b": None, "a": [1, "µ"]}, {"a": [1, "µ"], "seal": "old", "b": None}):
        assert json_file.sealed(content) == {"a": [1, "µ"], "b": None, "seal": f"sha256:{digest}"}


class Made(TypedDict, total=False):
    """A file of these tests."""

    schema: int
    name: str


def said_of(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(Damaged) as said:
        json_file.read(path, Made, 1, "make it anew")
    return str(said.value).removeprefix(f"{path}: ").removesuffix("; make it anew")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "it holds list where the lab writes an object"),
        ("null", "it holds NoneType where the lab writes an object"),
        ('{"name": "x"}', "its schema is none, and this version of the lab knows 1"),
        ('{"schema": 99}', "its schema is 99, and this version of the lab knows 1"),
        ('{"schema": "12345678901234567890123"}', "its schema is 12345678901234567890, and this version of the lab knows 1"),
        ('{"schema": 1, "name": 5}', "it is not as its schema has it: Expected `str`, got `int` - at `$.name`"),
        ('{"schema": 1, "seal": "sha256:0"}', "it was changed since it was written: its seal is another"),
        ('{"schema": 1, "name": "\\ud800"}', "it is no text in UTF-8"),
        ('{"schema": 1, "name": "\\UD800"}', "it is no JSON (Invalid \\escape: line 1 column 24 (char 23))"),
        ('{"schema": 1, "name": "\\uD800"}', "it is no text in UTF-8"),
        (b'{"schema": 1, "name": "\xff"}', "it is no text in UTF-8"),
        ("{", "it is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        ("[" * 100_000, "it is no JSON (maximum recursion depth exceeded while decoding a JSON array from a unicode string)"),
    ],
)
def test_a_file_that_is_not_as_the_lab_writes_it_says_why(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said_of(tmp_path / "made.json", content) == said


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"schema": 1, "name": "x", "unknown": [1]},
        json_file.sealed({"schema": 1, "name": "µ", "unknown": [1]}),
        {"schema": 1, "name": "\U0001f600 \\ud800"},
    ],
)
def test_a_file_that_is_as_it_was_written_is_read_with_all_its_keys(tmp_path: Path, content: Mapping[str, object]) -> None:
    (tmp_path / "made.json").write_text(json.dumps(content))
    assert json_file.read(tmp_path / "made.json", Made, 1, "make it anew") == content


def test_a_file_that_is_not_there_or_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        json_file.read(tmp_path / "made.json", Made, 1, "make it anew")
    with pytest.raises(Damaged) as said:
        json_file.read(tmp_path, Made, 1, "make it anew")
    assert str(said.value) == f"{tmp_path}: Is a directory; make it anew"

    def refused(path: Path, encoding: str) -> str:
        assert encoding == "utf-8"
        raise OSError

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(Damaged) as said:
        json_file.read(tmp_path, Made, 1, "make it anew")
    assert str(said.value) == f"{tmp_path}: it can't be read; make it anew"


def test_a_full_disk_leaves_nothing_behind_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made.json"
    errors = [OSError(28, "No space left on device"), OSError()]
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if errors:
            raise errors.pop(0)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    for reason in ("No space left on device", "can't be written"):
        with pytest.raises(LabError) as said:
            json_file.write(path, {"schema": 1})
        assert str(said.value) == f"results file {path}: {reason}; free some room or name another --results"
        assert list(tmp_path.iterdir()) == []
    json_file.write(path, {"name": "µ"})
    assert path.read_bytes() == '{\n "name": "µ"\n}\n'.encode()


def test_a_file_is_written_beside_the_old_one_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a hidden name of its own, in UTF-8 whatever the locale is."""
    wrote: list[tuple[str, str | None]] = []
    write_text = Path.write_text

    def noted(path: Path, text: str, encoding: str | None = None) -> int:
        wrote.append((path.name, encoding))
        return write_text(path, text, encoding)

    monkeypatch.setattr(Path, "write_text", noted)
    json_file.write(tmp_path / "made.json", {})
    assert wrote == [(".made.json.new", "utf-8")]
