"""JSON files as the lab writes them: a row a line, so that git and people see which row differs; whole or not at all; read
back only as they were written, and as their schema has them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from harness.errors import Damaged, LabError
from harness.printable import acts

T = TypeVar("T")
SEAL = "seal"  # the key under which a file has the digest of all its other keys
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]")


def render(content: object) -> str:
    """Gives the text: top-level keys on lines of their own, and so each entry of a list or mapping that holds others."""
    if not isinstance(content, dict) or not content:
        return _line(content)
    return "{\n" + ",\n".join(f" {_line(str(key))}: {_entries(value)}" for key, value in content.items()) + "\n}"


def shown(text: str) -> str:
    """Gives JSON in which characters that act on a terminal stand as JSON's own escapes: the same content, and harmless."""
    return _BEYOND_ASCII.sub(lambda one: json.dumps(one[0])[1:-1] if one[0] != "\n" and acts(one[0]) else one[0], text)


def _line(value: object) -> str:
    return shown(json.dumps(value, ensure_ascii=False))


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


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a file's content with its seal: "sha256:…" of all other keys, as JSON in ASCII without spaces, keys in order."""
    rest = {key: value for key, value in content.items() if key != SEAL}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, SEAL: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}


def read(path: Path, kind: type[T], schema: int, remedy: str) -> T:
    """Reads a file of a run. kind: the class of harness/evidence/schema.py that says what must be in it.

    Raises FileNotFoundError where there is none, Damaged for one that is no JSON, has another schema or other keys, or is
    not as its seal says. One without a seal, from before there were any, is taken as it is.
    """
    import msgspec  # only what reads a run needs it

    def damaged(reason: str) -> Damaged:
        return Damaged(str(path), reason, remedy)

    try:
        text = path.read_text("utf-8")
        found: Any = json.loads(text)
        checked: T = found  # what convert returns lacks the keys that the schema does not name
        if not isinstance(found, dict):
            raise damaged(f"it holds {type(found).__name__} where the lab writes an object")
        if found and found.get("schema") != schema:
            said = str(found.get("schema", "none"))[:20]
            raise damaged(f"its schema is {said}, and this version of the lab knows {schema}")
        msgspec.convert(found, kind)
        if "\\ud" in text.lower():
            json.dumps(found, ensure_ascii=False).encode()  # half of a pair of surrogates can be written to no file
        if SEAL in found and sealed(found)[SEAL] != found[SEAL]:
            raise damaged("it was changed since it was written: its seal is another")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise damaged(error.strerror or "it can't be read") from error
    except msgspec.ValidationError as error:
        raise damaged(f"it is not as its schema has it: {error}") from error
    except UnicodeError as error:
        raise damaged("it is no text in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise damaged(f"it is no JSON ({error})") from error
    return checked
