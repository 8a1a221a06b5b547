"""No file of the C sources uses, by way of others, itself; and no folder one that comes after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes import build
from tests.probes.objects import INCLUDE, Object, Uses, calls, circle, compile_file, files, includes

ORDER = [folder.name for folder in build.FOLDERS[1:]]


def folder_of(name: str) -> int:
    """Gives a folder's place in the order; what lies beside the folders (wire.h) comes first."""
    return ORDER.index(Path(name).parent.name) if "/" in name else -1


def backwards(uses: Uses) -> list[str]:
    """Lists what uses a file of a folder that comes after its own; native.c is above all of them."""
    return [
        f"{name} uses {used}"
        for name, all_used in uses.items()
        for used in all_used
        if name != "native.c" and folder_of(used) > folder_of(name)
    ]


def included() -> Uses:
    return includes({name: path.read_text() for name, path in files(".c", ".h").items()})


def test_includes_have_no_circle() -> None:
    uses = included()
    assert uses["agent/children.c"] >= {"agent/output.h", "agent/targets.h"}
    assert circle(uses) == []
    assert backwards(uses) == []


def test_objects_have_no_circle(objects: dict[str, Object]) -> None:
    uses = calls(objects)
    assert uses["agent/requests.c"] >= {"agent/children.c", "agent/output.c", "common/channel.c"}
    assert circle(uses) == []
    assert backwards(uses) == []


def test_a_header_is_included_by_its_plain_name() -> None:
    names = [path.name for path in files(".c", ".h").values()]
    assert all("/" not in header for path in files(".c", ".h").values() for header in INCLUDE.findall(path.read_text()))
    headers = [name for name in names if name.endswith(".h")]
    assert len(headers) == len(set(headers))


def test_a_circle_of_includes_is_found() -> None:
    texts = {"common/a.h": '#include "b.h"\n', "agent/b.h": '  # include "c.h"\n', "agent/c.h": '#include "a.h"\n'}
    assert set(circle(includes(texts))) == set(texts)
    assert backwards(includes(texts)) == ["common/a.h uses agent/b.h"]
    texts["agent/c.h"] = "#include <a.h>\n"
    assert circle(includes(texts)) == []
    with pytest.raises(KeyError, match="none"):
        includes({"a.c": '#include "none.h"'})


def test_a_circle_of_objects_is_found(tmp_path: Path) -> None:
    def compiled(texts: dict[str, str]) -> dict[str, Object]:
        made = {}
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
            made[name] = compile_file(tmp_path / name, tmp_path / f"{name}.o")
        return made

    texts = {
        "agent.c": "void spawn(void); int channel; int main(void) { spawn(); return 0; }\n",
        "children.c": "void tell(void); void spawn(void) { tell(); }\n",
        "output.c": "extern int channel; int told; void tell(void) { told = channel; }\n",
    }
    assert set(circle(calls(compiled(texts)))) == set(texts)
    texts["output.c"] = "int told; void tell(void) { told = 1; }\n"
    assert circle(calls(compiled(texts))) == []
