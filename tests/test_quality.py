"""Lint, types, and the way of the data: nothing early in the line imports what comes late."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The way of the data, in order; a module may import those of its own stage and of earlier ones.
STAGES = [
    {"errors", "cache", "needs", "settings", "counters", "pages", "quantities", "claims"},
    {"catalogue"},
    {"wire", "operations", "evidence", "machine"},
    {"probe", "sandbox", "samples"},
    {"lab"},
    {"noise"},
    {"verdicts"},
    {"results"},
    {"rows"},
    {"trial"},
    {"finding"},
    {"host"},
    {"reports", "doctor"},
    {"ledger"},
    {"batch"},
    {"parcel", "cluster"},
    {"run"},
    {"matrix"},
    {"progress"},
    {"command", "choice"},
    {"typed"},
    {"across", "bench", "check", "kernel_commands", "testbed"},
    {"commands"},
]
# Each with the one thing that it reads of a later stage, and why.
ALLOWED = {
    ("evidence", "quantities"): "the type of a number",
}
MACHINES = {"machine", "sandbox", "lab", "trial", "batch", "parcel", "run", "matrix", "probe", "samples"}


def imports(path: Path) -> set[str]:
    """The harness's modules that a file imports when it is loaded or run, by the first part of their names."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = [ast.Pass()]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "harness":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("harness.")}
    return found


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted((ROOT / "harness").rglob("*.py")):
        parts = path.relative_to(ROOT / "harness").with_suffix("").parts
        if parts != ("__init__",):
            found.append((parts[0], path))
    return found


def stage(name: str) -> int:
    return next((number for number, names in enumerate(STAGES) if name in names), -1)


def test_helpers_of_procedures_know_nothing_later_than_the_lab() -> None:
    for name, path in modules():
        late = {other for other in imports(path) if stage(other) > stage("lab")}
        assert stage(name) >= 0 or not late, f"{path.name} is in no stage and imports {late}"


@pytest.mark.parametrize(("name", "path"), modules(), ids=lambda value: getattr(value, "stem", value))
def test_nothing_imports_what_comes_later(name: str, path: Path) -> None:
    if stage(name) >= 0:
        late = {other for other in imports(path) if stage(other) > stage(name) and (name, other) not in ALLOWED}
        assert not late, f"{path} imports {late}"


@pytest.mark.parametrize("name", ["verdicts", "results", "reports", "catalogue.load()"])
def test_judging_needs_no_machine(name: str) -> None:
    """Loading them, and the whole catalogue, loads nothing that drives a machine."""
    module, _, call = name.partition(".")
    code = f"import sys; from harness import {module}; {module}.{call or '__name__'}; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for module in loaded.split():
        assert not any(module == f"harness.{one}" or module.startswith(f"harness.{one}.") for one in MACHINES), module



@pytest.mark.parametrize("words", [["ruff", "check", "."], ["mypy"]], ids=["ruff", "mypy"])
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
