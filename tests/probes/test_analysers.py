"""What compilers find in the C sources without running them: nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.faults import fuzz
from probes import build
from tests.probes.objects import files

SOURCES = {**files(".c"), **{f"targets/{path.name}": path for path in sorted(fuzz.HERE.glob("*.c"))}}
ANALYSERS = {
    "gcc": ["-O2", "-fanalyzer", "-c", "-o", "/dev/null"],
    "clang": ["--analyze", "--analyzer-output", "text", "-o", "/dev/null"],
}


def findings(analyser: str, source: Path) -> str:
    """Gives what an analyser says of a file."""
    words = [analyser, *ANALYSERS[analyser], "-Wall", "-Wextra", "-D_GNU_SOURCE", "-std=gnu11", *build.INCLUDES]
    return subprocess.run([*words, f"-I{fuzz.HERE}", source], capture_output=True, text=True).stderr


def skip_without(analyser: str) -> None:
    if not shutil.which(analyser):
        pytest.skip(f"{analyser} is not installed (on Debian: apt-get install {analyser})")


@pytest.mark.parametrize("analyser", ANALYSERS)
@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_found(name: str, analyser: str) -> None:
    skip_without(analyser)
    assert findings(analyser, SOURCES[name]) == ""


@pytest.mark.parametrize("analyser", ANALYSERS)
def test_what_is_wrong_is_found(tmp_path: Path, analyser: str) -> None:
    skip_without(analyser)
    wrong = tmp_path / "wrong.c"
    wrong.write_text("#include <stdlib.h>\nvoid twice(int *one) { free(one); free(one); }\n")
    assert "warning" in findings(analyser, wrong)
