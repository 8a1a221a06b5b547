"""JSON files as the lab writes them: a row a line, so that git and people see which row differs; whole or not at all."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from harness.errors import LabError


def render(content: object) -> str:
    """Gives the text: top-level keys on lines of their own, and so each entry of a list or mapping that holds others."""
    if not isinstance(content, dict) or not content:
        return _line(content)
    return "{\n" + ",\n".join(f" {_line(str(key))}: {_entries(value)}" for key, value in content.items()) + "\n}"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _entries(value: object) -> str:
    """Gives a top-level value: in one line, if it holds no others."""
    if isinstance(value, dict) and any(isinstance(one, (dict, list, tuple)) for one in value.values()):
        return "{\n" + ",\n".join(f"  {_line(str(key))}: {_line(one)}" for key, one in value.items()) + "\n }"
    if isinstance(value, (list, tuple)) and any(isinstance(one, (dict, list, tuple)) for one in value):
        return "[\n" + ",\n".join(f"  {_line(one)}" for one in value) + "\n ]"
    return _line(value)


def write(path: Path, content: object) -> None:
    """Writes a file, whole or not at all. Raises LabError where the disk is full."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(render(content) + "\n", "utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise LabError(
            f"results file {path}", error.strerror or "can't be written", "free some room or name another --results"
        ) from error
