"""Claims that changed between two kernels, with the commit where somebody knows it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import catalogue
from harness.claims.claim import Known
from harness.errors import UsageError
from harness.false_evidence.made import write_matrix
from harness.reports.comparison import bisections, changed_claims, differences, history, rows, selection
from tests.commands import invoke, one_line
from tests.refuting import vma_structures
from tests.reports.comparison.test_matrices import CLAIM, MIDDLE, NEW, OLD, TMPFS, N, kept

TREE = "vma-tree-and-list"
UNLIKELY = "deadbeef1234"


@pytest.fixture(autouse=True)
def nothing_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "REFERENCE", tmp_path / "reference")


def said(one: Path, first: str, second: str) -> str:
    found = differences.compare(*(selection.select(f"{one}@{name}", one.parent) for name in (first, second)))
    return "\n".join(changed_claims.lines(found))


def test_a_change_has_its_sentence_and_who_knows_of_it(tmp_path: Path) -> None:
    true, false = vma_structures.CONFIRMS[TREE], vma_structures.REFUTES[TREE]
    run = write_matrix(tmp_path / "run", catalogue.load()["vma-structures"], {OLD: {"": [true] * 3}, MIDDLE: {"": [false] * 3}})
    text = said(run, "5.10", "6.1")
    assert f"  {TREE}: confirmed -> refuted\n    The kernel keeps a process's mappings in a red-black tree" in text
    assert "Known: refuted since 6.1" in " ".join(text.split())
    assert "METHOD" not in text
    assert "Claims that changed: none" in said(run, "5.10", "5.10")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("mm/mlock.c (commit 07ca76067308, v5.18)", ["07ca76067308"]),
        ("since commit a13ea5b75964 and before", ["a13ea5b75964"]),
        ("commits a13ea5b75964, 07ca76067308 and 8c7829b04c52: three", ["a13ea5b75964", "07ca76067308", "8c7829b04c52"]),
        ("committed 123456789012 pages", []),
        ("Documentation/admin-guide/sysctl/vm.rst", []),
    ],
)
def test_commits_in_sources(source: str, found: list[str]) -> None:
    assert Known("refuted", source).commits == found


def test_the_catalogue_knows_commits() -> None:
    assert any(known.commits for claim, _ in catalogue.claims().values() for known in claim.known)


def test_a_change_that_nobody_knows_says_how_to_find_it(tmp_path: Path) -> None:
    run = write_matrix(tmp_path / "run", TMPFS, {OLD: {"": kept(N, N, N)}, NEW: {"": kept(1, 1, 1)}})
    assert "No commit is known: docs/bisect.md" in said(run, "5.10", "6.12")
    bisections.add(
        bisections.Bisection(CLAIM, "confirmed", UNLIKELY * 3, "mm: free it", "6.1", "6.2-rc1"), tmp_path / "reference"
    )
    text = said(run, "5.10", "6.12")
    assert f"Bisected: commit {UNLIKELY} (mm: free it), between 6.1 and 6.2-rc1." in text
    assert text.count("No commit is known") == text.count(": confirmed -> refuted") - 1
    told = "\n".join(history.printed(catalogue.claims()[CLAIM][0], rows.collected(tmp_path, tmp_path / "none")))
    assert f"Bisected: commit {UNLIKELY}" in " ".join(told.split())


@pytest.mark.parametrize(("one", "other", "between"), [("6.1.190", "6.2.1", True), ("5.10", "7.2", True), ("6.2", "6.12", False)])
def test_a_bisection_is_of_the_way_between_two_kernels(one: str, other: str, between: bool) -> None:
    found = bisections.Bisection(CLAIM, "confirmed", UNLIKELY, "mm: free it", "6.1", "6.2-rc1")
    assert found.is_between(one, other) == found.is_between(other, one) == between


@pytest.mark.skipif(not shutil.which("git"), reason="a bisection takes git")
@pytest.mark.parametrize("terms", [[], ["--term-old=was", "--term-new=is"]])
def test_the_log_of_a_real_bisection(terms: list[str], tmp_path: Path) -> None:
    """A tree of nine commits between two releases, the sixth of which takes a file away."""
    tree = tmp_path / "linux"

    def git(*words: str) -> str:
        names = ["-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main"]
        return subprocess.run(["git", *names, *words], cwd=tree, check=True, capture_output=True, text=True).stdout

    tree.mkdir()
    git("init", "-q")
    for number, subject in enumerate(["Linux 6.1", *(f"mm: step {n}\x1b[31m" for n in range(8)), "Linux 6.2-rc1"]):
        (tree / "file").write_text(str(number)) if number < 6 else (tree / "file").unlink(missing_ok=True)
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", subject)
    git("bisect", "start", *terms, "HEAD", "HEAD~9")
    git("bisect", "run", "test", "-e", "file")
    log = tmp_path / "log"
    log.write_text(git("bisect", "log"))
    found = bisections.read(log.read_text(), CLAIM, "confirmed", "log")
    assert (found.good, found.bad, found.commit) == ("6.1", "6.2-rc1", git("rev-parse", "main~3").strip())
    assert found.subject.startswith("mm: step 5")
    assert "\x1b" not in found.subject
    with pytest.raises(UsageError, match="first bad commit"):
        bisections.read(log.read_text().rpartition("# first")[0], CLAIM, "confirmed", "log")


def test_the_command_keeps_it(tmp_path: Path) -> None:
    log, to = tmp_path / "log", tmp_path / "kept"
    log.write_text(
        "# bad: [0123456789ab] Linux 6.2\n# good: [123456789abc] Linux 6.1\n# skip: [23456789abcd] Linux 6.2-rc3\n"
        "# first bad commit: [3456789abcde] mm: free it\n"
    )
    for _ in range(2):  # the second time it is replaced
        done = invoke("bisected", CLAIM, str(log), "--want", "confirmed", "--to", str(to))
        assert done.returncode == 0, done.stderr
    (kept,) = json.loads((to / "bisections.json").read_text())["bisections"]
    assert (kept["commit"], kept["good"], kept["bad"]) == ("3456789abcde", "6.1", "6.2")
    one_line(invoke("bisected", CLAIM, str(log), "--want", "so"), 1, "--want confirmed")
    one_line(invoke("bisected", CLAIM, str(tmp_path / "none"), "--want", "refuted"), 1, "git bisect log")
