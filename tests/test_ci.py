"""What CI runs: its files by the schemas of GitHub and GitLab, its script with a lab that only pretends."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT

SCRIPT = ROOT / ".ci/this-kernel"
# Makes a run directory as the lab does, and says what it was asked.
LAB = """#!/bin/sh
echo "$@" >asked
while [ $# -gt 1 ]; do [ "$1" = --results ] && results=$2; shift; done
for run in 20260101T000000Z-6.12-all 20260101T000001Z-6.12-all; do
    mkdir "$results/$run"
    for file in junit.xml ktap.txt summary.md; do echo "$file of $run" >"$results/$run/$file"; done
done
exit ${LAB_STATUS:-0}
"""


def snippets() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.S)


def check(schema: str, path: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed: pip install 'folklab[test]'")
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_github_s_files() -> None:
    for path in (ROOT / ".github/workflows").iterdir():
        check("github-workflows", path)
    for path in (ROOT / ".github/actions").glob("*/action.yml"):
        check("github-actions", path)


def test_the_snippets_of_the_docs(tmp_path: Path) -> None:
    github, gitlab = snippets()
    (tmp_path / "workflow.yml").write_text(f"on: push\n{github}")
    check("github-workflows", tmp_path / "workflow.yml")
    (tmp_path / "gitlab.yml").write_text(gitlab.replace("URL OF", "https://example.org/").replace("/ ", "/"))
    check("gitlab-ci", tmp_path / "gitlab.yml")


def test_gitlab_s_job_is_one_file_that_runs_the_script() -> None:
    path = ROOT / ".ci/gitlab.yml"
    check("gitlab-ci", path)
    text = path.read_text()
    assert "folklab/.ci/this-kernel folklab-results" in text
    assert "junit: folklab-results/junit.xml" in text
    assert "script:" not in snippets()[1]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The script beside a lab that pretends, on a machine where sudo and swapoff only say so."""
    (tmp_path / "lab/.ci").mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "lab/.ci")
    (tmp_path / "bin").mkdir()
    for path, text in (
        ("lab/bootstrap", LAB),
        ("bin/swapoff", f"#!/bin/sh\necho swapoff $@ >>{tmp_path}/swap\n"),
        ("bin/sudo", '#!/bin/sh\nexec "$@"\n'),
    ):
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("status", [0, 3])
def test_the_script(tree: Path, status: int) -> None:
    summary = tree / "summary"
    summary.write_text("before\n")
    done = subprocess.run(
        [tree / "lab/.ci/this-kernel", "results", "a section"],
        cwd=tree,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PATH": f"{tree / 'bin'}:{os.environ['PATH']}",
            "LAB_STATUS": str(status),
            "GITHUB_STEP_SUMMARY": str(summary),
        },
    )
    assert done.returncode == status, done.stderr
    assert (tree / "lab/asked").read_text() == (
        f"run-all --machine local --throwaway-host --section a section --results {tree / 'results'}\n"
    )
    assert (tree / "swap").read_text() == "swapoff -a\n"
    for file in ("junit.xml", "ktap.txt", "summary.md"):
        assert (tree / "results" / file).read_text() == f"{file} of 20260101T000001Z-6.12-all\n"
    assert summary.read_text() == "before\nsummary.md of 20260101T000001Z-6.12-all\n"


def test_a_lab_that_wrote_nothing(tree: Path) -> None:
    """Its exit status counts, not what could not be copied."""
    (tree / "lab/bootstrap").write_text("#!/bin/sh\nexit 4\n")
    done = subprocess.run(
        [tree / "lab/.ci/this-kernel", tree / "results"],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{tree / 'bin'}:{os.environ['PATH']}"},
    )
    assert done.returncode == 4, done.stderr
