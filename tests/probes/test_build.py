"""Every source is built when it has changed, and goes along in a wheel."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from probes import build
from tests.probes.objects import files


def test_a_wheel_holds_every_source() -> None:
    listed = re.search(r'"folklab.probes": \[(.*)\]', (build.HERE.parent / "setup.py").read_text())
    assert listed
    held = {path for pattern in re.findall(r'"([^"]+)"', listed[1]) for path in build.HERE.glob(pattern)}
    assert held >= set(files(".c", ".h").values())


def test_every_folder_of_sources_is_known() -> None:
    assert {path.parent for path in build.HERE.rglob("*.[ch]")} == set(build.FOLDERS)


@pytest.mark.parametrize("folder", build.FOLDERS, ids=lambda folder: folder.name)
def test_a_changed_source_makes_a_program_outdated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    copies = [tmp_path / path.name for path in build.FOLDERS]
    for copy in copies:
        copy.mkdir()
        (copy / "one.c").touch()
    monkeypatch.setattr(build, "FOLDERS", copies)
    program = tmp_path / "program"
    program.touch()
    assert not build.outdated(program)
    later = time.time() + 10
    os.utime(tmp_path / folder.name / "one.c", (later, later))
    assert build.outdated(program)
