"""Lint, types, and the way of the data."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness import claims, lab

ROOT = Path(__file__).resolve().parent.parent


def test_the_way_of_the_data() -> None:
    """The contracts of pyproject.toml: nothing earlier in the line imports what comes later."""
    command = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-1000:]


@pytest.mark.parametrize(
    "code", ["import harness.verdicts.judged", "import harness.reports.report", "from harness import catalogue; catalogue.load()"]
)
def test_judging_needs_no_machine(code: str) -> None:
    """Loading the judge, the reports and the whole catalogue loads nothing that drives a machine."""
    code = f"import sys; {code}; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not [module for module in loaded.split() if module.startswith(("harness.machine", "harness.run."))]


# The words that docstrings begin with: the third person says what a function does, the imperative of a command (below the
# empty line) what is asked for.
VERBS, COMMANDS = ((set(part.split())) for part in (ROOT / "tests/verbs.txt").read_text().split("\n\n"))


def test_docstrings_begin_with_a_verb() -> None:
    """A new verb is added to tests/verbs.txt; a noun or "The same …" is not."""
    found = [
        f"{path.relative_to(ROOT)}: {node.name}: {text.splitlines()[0]}"
        for folder in ("harness", "probes")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (text := ast.get_docstring(node) or "")
        if text.split()[0].rstrip(",") not in VERBS | (COMMANDS if path.parent.name == "cli" else set())
    ]
    assert not found


DOORS = re.compile(r"harness\.claims|harness\.lab|harness\.lab\.helpers(\.\w+)?")


def test_experiments_come_in_by_the_front_doors() -> None:
    """Of the harness they import harness.claims, harness.lab and helpers of the lab, and nothing else."""
    others = [
        f"{path.relative_to(ROOT)}: {node.module}"
        for path in sorted((ROOT / "experiments").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "harness"
        if not DOORS.fullmatch(node.module or "")
    ]
    plain = [
        path.name for path in (ROOT / "experiments").rglob("*.py") if re.search(r"^\s*import harness", path.read_text(), re.M)
    ]
    assert not others + plain


@pytest.mark.parametrize("door", [claims, lab])
def test_a_front_door_names_what_it_gives(door: ModuleType) -> None:
    given = {name for name, value in vars(door).items() if not name.startswith("_") and not hasattr(value, "__path__")}
    own = {path.stem for path in Path(str(door.__file__)).parent.glob("*.py")}
    assert given - own | set(door.__all__) == set(door.__all__)
    assert all(hasattr(door, name) for name in door.__all__)


@pytest.mark.parametrize(
    "words", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=["ruff", "format", "mypy"]
)
def test_linters(words: list[str]) -> None:
    finished = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-1000:]


def test_no_path_of_a_machine_and_no_mirror() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    hosts = [".".join(parts) for parts in (("deb", "debian", "org"), ("pypi", "org"), ("npmjs", "org"))]
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.suffix in {".py", ".c", ".h", ".md", ".toml", ".yml"} and path.exists():
            text = path.read_text()
            assert not [host for host in hosts if host in text], name
