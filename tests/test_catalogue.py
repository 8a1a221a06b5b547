"""What names, sections and folders find; what experiments declare of the settings that they write."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from harness import catalogue, experiment_files
from harness.claims.settings import PATHS
from harness.errors import UsageError


def test_a_section_is_found_by_its_title_its_folder_and_an_experiment_of_it() -> None:
    by_title = catalogue.of_section("Running out of memory")
    assert by_title
    assert [one.name for one in catalogue.of_section("out_of_memory")] == [one.name for one in by_title]
    assert [one.name for one in catalogue.of_section("oom-adj-range")] == ["oom-adj-range"]
    assert len(catalogue.of_section("")) == len(catalogue.load())


def test_a_tables_file_is_where_its_rows_stand() -> None:
    table = catalogue.load()["limit-files"]
    assert catalogue.file(table).name == "limit_files.py"
    assert table in catalogue.of_section("experiments.groups")


def test_no_section_of_that_name() -> None:
    with pytest.raises(UsageError, match="sections are"):
        catalogue.of_section("nothing like it")


def paths_written(tree: ast.AST) -> Iterator[str]:
    """Yields a pattern for each path that code writes to: what it puts together at run time may be anything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            parts = node.args[0].values if isinstance(node.args[0], ast.JoinedStr) else [node.args[0]]
            text = "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*" for part in parts)
            if node.func.attr == "sysctl":
                yield "/proc/sys/" + text.replace(r"\.", "/")
            elif node.func.attr in {"write", "put"}:
                yield text


def code_of(module: ModuleType) -> Iterator[ast.AST]:
    """Yields an experiment's code, and that of the helpers' functions that it imports."""
    tree = ast.parse(inspect.getsource(module))
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness.lab.helpers"):
            found = [getattr(importlib.import_module(str(node.module)), alias.name, None) for alias in node.names]
            yield from (ast.parse(inspect.getsource(one)) for one in found if inspect.isfunction(one) or inspect.ismodule(one))


@pytest.mark.parametrize("module", list(experiment_files.built_in()), ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_a_procedure_writes_is_declared(module: ModuleType) -> None:
    """What its code names is declared, and what is declared can be written by its code."""
    written = [pattern for tree in code_of(module) for pattern in paths_written(tree)]
    named = {name for name, path in PATHS.items() if re.escape(path) in written}
    possible = {name for name, path in PATHS.items() if any(re.fullmatch(pattern, path) for pattern in written)}
    assert named <= set(module.EXPERIMENT.writes) <= possible


def test_a_belief_that_is_refuted_somewhere_says_what_to_do_instead() -> None:
    """And nothing else does: what is confirmed everywhere needs no other advice."""
    refuted = {claim for claim, (found, _) in catalogue.claims().items() if any(one.verdict == "refuted" for one in found.known)}
    assert {claim for claim, (found, _) in catalogue.claims().items() if found.instead} == refuted


def test_what_to_do_instead_is_written_in_sentences() -> None:
    told = {claim: found.instead for claim, (found, _) in catalogue.claims().items() if found.instead}
    assert not [
        claim for claim, text in told.items() if not text.endswith(".") or len(text) > 300 or text != " ".join(text.split())
    ]
    assert len(set(told.values())) == len(told)
