"""Instruction counts of the decoder and the judge (valgrind's callgrind): a slow-down is seen even where times are noise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# By the count of the yardstick (work.py) on the same interpreter: what a build of Python takes for everything cancels.
# Recorded with Python 3.11.7 and gcc 12: yardstick 10,872,907, judge 293,783,140 instructions; decoder 375,350 (yardstick
# 10,798,299).
RECORDED = {"decoder": 0.0348, "judge": 27.02}
# One interpreter repeats a count to a millionth. Others differ by what their builds make faster or slower than the
# yardstick (measured: builds of 3.10 and 3.13 lie up to 20 % above the record). A loop that is done twice, what this is to
# catch, adds 100 %.
MARGIN = 0.35


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("callgrind") / "measured.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", Path(__file__).with_name("measured.c"), "-o", built], check=True)
    return built


def instructions(library: Path, what: str) -> int:
    """How many instructions it takes, without the interpreter's start and the imports."""
    words = [
        "valgrind",
        "--tool=callgrind",
        "--collect-atstart=no",
        "--toggle-collect=counted",
        f"--callgrind-out-file={library.with_name(what)}",
        sys.executable,
        "-m",
        "tests.bench.work",
        library,
        what,
    ]
    # The seed decides how often the keys of dictionaries collide.
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = re.search(r"Collected : (\d+)", done.stderr)
    count = int(found[1]) if found else 0
    assert count, done.stderr[-2000:]
    return count


@pytest.mark.skipif(
    not shutil.which("valgrind"), reason="no instruction is counted: valgrind is not installed (apt-get install valgrind)"
)
def test_no_slower_than_recorded(library: Path) -> None:
    yardstick = instructions(library, "yardstick")
    for what, recorded in RECORDED.items():
        count = instructions(library, what)
        ratio = count / yardstick
        said = f"{what}: {count:,} instructions, {ratio:.4g} yardsticks of {yardstick:,}; recorded are {recorded:.4g}"
        assert ratio <= recorded * (1 + MARGIN), f"{said}: it became slower"
        # A record that is far too high would let the next slow-down pass.
        assert ratio >= recorded / 2, f"{said}: it became faster, write the new ratio into {Path(__file__).name}"
