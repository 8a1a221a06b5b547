"""The one list of operations, probes/operations.h: all that it names is carried out, and Python can ask for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from harness.agent import memory_operations, operations, stream_operations, wire
from probes import build
from tests.probes.objects import Object

AGENTS_OWN = {"hello", "spawn", "signal", "watch", "unwatch", "sample", "series", "pages", "trace", "release", "power_off"}
# What comes of them is no mere reply: Probe.end exits, Lab.fork makes a probe, and a `pid` is asked for to hear an answer.
WITHOUT_A_METHOD = {"exit", "fork", "pid"}


def listed() -> dict[str, list[str]]:
    """Reads the list: family → its operations."""
    text = (build.HERE / "operations.h").read_text()
    families = re.split(r"/\* (\w+)\.c \*/", text[text.index("#define OPERATIONS(X)") :])
    return {family: re.findall(r"X\((\w+)\)", names) for family, names in zip(families[1::2], families[2::2], strict=True)}


def named(prefix: str, made: Object) -> set[str]:
    return {name.removeprefix(prefix) for name in made.defines if name.startswith(prefix)}


def test_every_operation_has_a_number_of_its_own() -> None:
    names = [name for family in listed().values() for name in family]
    assert len(names) == len(set(names)) > 90
    assert set(wire.OPERATIONS) == AGENTS_OWN | set(names)
    assert sorted(wire.OPERATIONS.values()) == list(range(1, len(wire.OPERATIONS) + 1))


def test_a_familys_file_carries_out_what_is_listed_and_no_more(objects: dict[str, Object]) -> None:
    carried_out = {Path(name).stem: named("op_", made) for name, made in objects.items() if name.startswith("operations/")}
    assert carried_out.pop("dispatch") == set()
    assert carried_out == {family: set(names) for family, names in listed().items()}


def test_the_agent_carries_out_its_own(objects: dict[str, Object]) -> None:
    found = [named("agent_", made) for name, made in objects.items() if name.startswith("agent/")]
    assert set().union(*found) == AGENTS_OWN
    assert sum(map(len, found)) == len(AGENTS_OWN)


def test_python_has_a_method_for_each() -> None:
    sources = [ast.parse(Path(str(module.__file__)).read_text()) for module in (operations, stream_operations, memory_operations)]
    asked_for = [
        call.args[0].value
        for source in sources
        for call in ast.walk(source)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "run"
        if isinstance(call.args[0], ast.Constant)
    ]
    assert set(asked_for) == {name for family in listed().values() for name in family} - WITHOUT_A_METHOD
