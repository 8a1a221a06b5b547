"""What is told of mutants."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from harness.faults import mutation

RESULTS = {f"harness.verdicts.judge.x_read__mutmut_{number}": "killed" for number in range(1, 10)}
LIVES = "harness.verdicts.judge.x_read__mutmut_10"


def test_nine_of_ten_are_enough_if_the_tenth_has_a_reason() -> None:
    shown = mutation.told({**RESULTS, LIVES: "survived"}, {LIVES: "it only words a message"}, 90)
    assert shown.holds
    assert shown.said == "9 of 10 killed (90.0 %)"
    assert not mutation.told({**RESULTS, LIVES: "survived"}, {LIVES: "so"}, 91).holds


def test_one_that_lives_without_a_reason_is_named() -> None:
    shown = mutation.told({**RESULTS, LIVES: "no tests"}, {}, 90)
    assert not shown.holds
    assert LIVES in shown.said


def test_a_pattern_is_the_reason_of_all_that_it_names_and_of_one_at_least() -> None:
    lives = {f"harness.verdicts.judge.x_read__mutmut_{number}": "survived" for number in (10, 11)}
    reasons = {"harness.verdicts.judge.x_read__mutmut_*": "it only words a message"}
    assert mutation.told({**RESULTS, **lives}, reasons, 80).holds
    assert mutation.reason_of(LIVES, {**reasons, LIVES: "no kernel does it"}) == "no kernel does it"
    stale = mutation.told({**RESULTS, **lives}, {**reasons, "harness.verdicts.noise.*": "it was so once"}, 80)
    assert not stale.holds
    assert stale.said == "9 of 11 killed (81.8 %); 1 reasons are of none that lives: harness.verdicts.noise.*"
    assert not mutation.told(RESULTS, {LIVES: "it is killed by now"}, 80).holds


def test_a_copy_is_made_once_for_the_same_code_and_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    for name in ("harness/a.py", "harness/__pycache__/a.pyc", "tests/test_a.py", "tasks.py", "docs/a.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(mutation, "ROOT", root)
    monkeypatch.setattr(mutation, "COPIED", ("harness", "tests", "tasks.py"))
    tree = mutation.tree_of_checkout()
    files = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    assert files == ["harness/a.py", "tasks.py", "tests/test_a.py"]
    (tree / "found out").write_text("")
    (root / "docs/a.md").write_text("other")
    assert mutation.tree_of_checkout() == tree
    assert (tree / "found out").exists()
    (root / "tests/test_a.py").write_text("other")
    other = mutation.tree_of_checkout()
    assert other != tree
    assert [path.name for path in other.parent.iterdir()] == [other.name]
    assert (other / "tests/test_a.py").read_text() == "other"


def test_no_mutants_show_nothing() -> None:
    assert not mutation.told({}, {}, 90).holds


def test_what_mutmut_prints_is_read() -> None:
    said = f"⠋ Generating\n    {LIVES}: survived\n    harness.claims.quantities.xǁCombinedǁread__mutmut_3: not checked\n"
    assert mutation.NAMED.findall(said)[0] == (LIVES, "survived")
    assert len(mutation.NAMED.findall(said)) == 2


def test_every_reason_is_one_and_of_a_function_that_is_there() -> None:
    """What is renamed is noticed at once, without a run of the mutants."""
    for name, reason in mutation.accepted().items():
        assert reason.strip(), name
        module, _, mangled = name.partition("__mutmut_")[0].rpartition(".")
        owner = importlib.import_module(module)
        for part in mangled.removeprefix("x_").removeprefix("xǁ").split("ǁ"):
            owner = getattr(owner, part)


def test_the_tests_that_judge_the_mutants_are_there() -> None:
    _, _, settings = (mutation.ROOT / "pyproject.toml").read_text().partition("\n[tool.mutmut]\n")
    named = re.findall(r'"((?:tests|harness)/[^":]+\.py)(?:::(\w+))?"', settings.partition("\n[")[0])
    assert len(named) > 10
    for pattern, test in named:
        files = list(mutation.ROOT.glob(pattern))
        assert files, pattern
        assert not test or f"\ndef {test}(" in files[0].read_text(), test
