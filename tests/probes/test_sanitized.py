"""The tests of operations once more, with an agent and probes under ASan and UBSan."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from probes import build

ROOT = build.HERE.parent
TESTS = ("tests/probes/operations", "tests/probes/agent")
# ASan's allocator stands in for glibc's, and its shadow is memory of the probe's own. What counts the probe's faults, pages
# and mappings counts those too: these run under UBSan alone.
COUNTING = (
    "tests/probes/agent/test_trace.py::test_system_calls",
    "tests/probes/operations/test_dispatch.py::test_every_answer_has_its_faults_and_its_time",
    "tests/probes/operations/test_heap.py::test_heap",
    "tests/probes/operations/test_lock.py::test_locks",
    "tests/probes/operations/test_mapping.py::test_32768_mappings",
    "tests/probes/operations/test_mapping.py::test_touches_count_strides_and_rounds",
)
SANITIZERS = {"address,undefined": COUNTING, "undefined": ()}
PROGRAMS = ("agent", "probe")


def compiled(sanitizers: str, directory: Path) -> None:
    """Builds the agent and the probe; the test is skipped where the compiler has no such library."""
    flags = [flag for flag in build.FLAGS if not flag.startswith(("-O", "-g"))] + ["-O1", "-g", f"-fsanitize={sanitizers}"]
    for name in PROGRAMS:
        words = ["cc", *flags, "-fno-sanitize-recover=undefined", *build.INCLUDES, *build.PROGRAMS[name][0]]
        done = subprocess.run([*words, "-o", directory / name, "-lpthread", "-lrt"], capture_output=True, text=True)
        if "cannot find" in done.stderr:
            pytest.skip(f"this compiler has no -fsanitize={sanitizers}")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("sanitizers", SANITIZERS)
def test_operations(tmp_path: Path, sanitizers: str) -> None:
    compiled(sanitizers, tmp_path)
    reports = tmp_path / "report"
    options = f"log_path={reports}:detect_leaks=0"  # a probe leaves with all that it was asked to allocate
    left_out = [word for name in SANITIZERS[sanitizers] for word in ("--deselect", name)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.probes.sanitized", "-p", "no:cacheprovider", *TESTS, *left_out],
        cwd=ROOT,
        env={**os.environ, "FOLKLAB_SANITIZED": str(tmp_path), "ASAN_OPTIONS": options, "UBSAN_OPTIONS": options},
        capture_output=True,
        text=True,
    )
    found = "".join(path.read_text()[:3000] for path in tmp_path.glob("report.*"))
    assert not found
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 30
