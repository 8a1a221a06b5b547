"""Lint, types, and the way of the data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_way_of_the_data() -> None:
    """The contracts of pyproject.toml: nothing earlier in the line imports what comes later."""
    command = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-1000:]


@pytest.mark.parametrize(
    "code", ["import harness.verdicts.judged", "import harness.reports", "from harness import catalogue; catalogue.load()"]
)
def test_judging_needs_no_machine(code: str) -> None:
    """Loading the judge, the reports and the whole catalogue loads nothing that drives a machine."""
    code = f"import sys; {code}; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not [module for module in loaded.split() if module.startswith(("harness.machine", "harness.run."))]


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
