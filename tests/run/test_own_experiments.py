"""Experiments of one's own: beside the catalogue's, never instead of them; judged where their file is not."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path

import pytest

from harness import catalogue
from harness.cli import collection
from harness.errors import UsageError
from harness.evidence import run_directory
from tests.commands import invoke, one_line

HELPER = """
from harness.claims import Recording

def cached(recording: Recording) -> int | None:
    return recording.counter("after", "meminfo:Cached")
"""
GROWS = '''
"""Does Cached grow by what is written to tmpfs?

8 MiB are written to a tmpfs file, then as much to anonymous memory, then to another file.
"""
from harness.claims import (
    MIB, AtLeast, AtMost, Change, Claim, Derived, Expect, Experiment, Guard, Needs, pages,
)
from .helper import cached

SIZE = 8 * MIB

def procedure(lab):
    tmpfs, probe = lab.mount_tmpfs(), lab.probe()
    lab.sample("before")
    probe.create_file(f"{tmpfs}/file", SIZE)
    lab.sample("after")
    probe.map(SIZE).write()
    lab.sample("mapped")
    probe.create_file(f"{tmpfs}/other", SIZE)
    lab.sample("other")

def grown(since, until):
    return Change("meminfo:Cached", since, until)

EXPERIMENT = Experiment(
    procedure, needs=Needs(changes=("mount",)), trials=2,
    guards=(Guard(Derived("what is cached", cached, "KiB"), AtLeast(1, "something is"), "a machine without any is none"),),
    expects=(Expect(
        Claim("own-cached-grows", "Cached grows by what is written to tmpfs.", "own beliefs"), grown("before", "after"),
        AtLeast(pages(SIZE), "all of it"), AtMost(pages(SIZE) - 64, "less, by a batch of 64"),
        reads_true=grown("mapped", "other"), reads_false=grown("after", "mapped")),))
'''
# What is wrong → what is put for what in GROWS, and what the line says.
WRONG = {
    "page state": ('grown("before", "after"),\n', 'Pages("after", "file", "resdent"),\n', "did you mean resident"),
    "counter file": ('Change("meminfo:Cached"', 'Change("meminf:Cached"', "did you mean meminfo"),
    "own reference": ('reads_true=grown("mapped", "other")', 'reads_true=grown("before", "after")', "are one reading"),
    "overlap": ("AtMost(pages(SIZE) - 64", "AtMost(pages(SIZE)", "overlap"),
    "empty range": ("AtLeast(pages(SIZE), ", "Within(10, 5, ", "no number lies in its range"),
    "sentence": ('reads_true=grown("mapped", "other")', 'says="{valeu}", reads_true=grown("mapped", "other")', "valeu"),
    "axis": ("trials=2", 'axes={"lur": ("classic",)}', "did you mean lru?"),
    "value of an axis": ("trials=2", 'axes={"lru": ("clasic",)}', "did you mean classic?"),
    "setting": ("trials=2", 'writes=("swapiness",)', "did you mean swappiness"),
    "syntax": ("SIZE = 8 * MIB", "SIZE = (8 * MIB", "SyntaxError"),
    "name": ("SIZE = 8 * MIB", "SIZE = 8 * MIBI", "NameError: name 'MIBI' is not defined"),
    "absolute import of a helper": ("from .helper", "from helper", "write: from .helper import"),
    "module": ("from .helper", "from .helpers", "ModuleNotFoundError"),
    "no such name in a module": ("import cached", "import cachd", "ImportError"),
    "another name": ("EXPERIMENT =", "MINE =", "its experiment is called MINE"),
    "no experiment": ("EXPERIMENT = Experiment(", "EXPERIMENT = dict(procedure=", "EXPERIMENT"),
    "exit": ("SIZE = 8 * MIB", "raise SystemExit(3)", "SystemExit"),
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Gives a folder with an experiment and its helper, at a place whose name is no word of a programming language."""
    directory = tmp_path / "meine Fragen, größer"
    directory.mkdir()
    (directory / "helper.py").write_text(HELPER)
    (directory / "cached_grows.py").write_text(GROWS)
    return directory


def problems(own: Path) -> list[str]:
    """What is said of the files of a folder, the catalogue's beside it."""
    catalogue.use([own])
    try:
        assert "tmpfs-dropped" in catalogue.load()
        return [str(problem.error) for problem in catalogue.problems()]
    finally:
        catalogue.use([])


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_in_one_line_before_any_guest(wrong: str, own: Path) -> None:
    """File, line and reason; the other experiments are there all the same."""
    old, new, said = WRONG[wrong]
    assert old in GROWS
    text = GROWS.replace(old, new, 1).replace("AtMost,", "AtMost, Pages, Within,").replace("own-cached-grows", "own-broken")
    (own / "broken.py").write_text(text)
    (line,) = problems(own)
    assert said in line
    assert line.startswith(f"experiment {own / 'broken.py'}")
    assert "\n" not in line


def test_the_line_is_that_of_the_file(own: Path) -> None:
    (own / "broken.py").write_text('"""Is it?"""\nfrom harness.claims import Counter\n\nX = Counter("memifo:Cached", "x")\n')
    (own / "broken_helper.py").write_text("\n\n1 / 0\n")
    (own / "imports.py").write_text(GROWS.replace(".helper", ".broken_helper"))
    said = problems(own)
    assert said[0].startswith(f"experiment {own / 'broken.py'}, line 4: counter 'memifo:Cached'")
    assert f"{own / 'broken_helper.py'}, line 3 (imported by imports.py): ZeroDivisionError" in said[2]


def test_a_command_tells_of_broken_files_and_goes_on(own: Path) -> None:
    (own / "broken.py").write_text("SIZE = (")
    listed = invoke("list", "--search", "own-", "--experiments", str(own))
    one_line(listed, 0, f"{own / 'broken.py'}, line 1: SyntaxError", "the other experiments go on")
    assert "own-cached-grows" in listed.stdout
    asked = invoke("run-experiment", "broken", "--experiments", str(own))
    assert asked.returncode == 1
    assert "SyntaxError" in asked.stderr


@pytest.mark.parametrize(
    ("file", "claim", "taken"),
    [
        ("tmpfs_dropped.py", "own-other", "experiments/shared_memory/tmpfs_dropped.py"),
        ("mine.py", "tmpfs-unreclaimable", "experiments/shared_memory/tmpfs_dropped.py"),
        ("mine.py", "own-cached-grows", "cached_grows.py"),
        ("tmpfs_unreclaimable.py", "own-other", "experiments/shared_memory/tmpfs_dropped.py"),
    ],
)
def test_a_name_that_exists_is_refused(file: str, claim: str, taken: str, own: Path) -> None:
    """Both places are named, the one that was there stays, and who asks for the name is told instead of answered."""
    (own / file).write_text(GROWS.replace("own-cached-grows", claim))
    (line,) = problems(own)
    assert str(own / file) in line
    assert "exists already" in line
    assert taken in line
    catalogue.use([own])
    try:
        with pytest.raises(UsageError, match="exists already"):
            catalogue.find(claim)
    finally:
        catalogue.use([])


def test_two_folders_may_have_helpers_of_one_name(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "helper.py").write_text('TEXT = "Is it another helper?"\n')
    text = GROWS.replace("from .helper import cached", "from .helper import TEXT\ncached = len").replace(
        "own-cached", "own-other"
    )
    (other / "other_grows.py").write_text(text)
    catalogue.use([own, other])
    try:
        assert not catalogue.problems()
        assert {"own-cached-grows", "own-other-grows"} <= set(catalogue.claims())
    finally:
        catalogue.use([])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    one_line(invoke("list", "--experiments", str(tmp_path / "none")), 1, "--experiments", "there is no such folder")
    (tmp_path / "file.py").write_text("")
    with pytest.raises(UsageError, match="it is no folder"):
        catalogue.use([tmp_path / "file.py"])


def test_every_command_that_knows_the_catalogue_takes_the_option() -> None:
    taking = {name for name, task in collection.of().tasks.items() if "experiments" in inspect.signature(task.body).parameters}
    wanted = "run-experiment run-all matrix judge check compare history report list explain doctor"
    assert set(wanted.split()) <= {name.replace("_", "-") for name in taking}


@pytest.mark.guest
def test_a_run_is_judged_where_its_file_is_not(own: Path, tmp_path: Path) -> None:
    """By the question that the run has kept, without a line of its code; with its source if that is named."""
    (own / "misspelt.py").write_text(GROWS.replace("own-cached", "own-misspelt").replace('"before", "after"', '"befor", "after"'))
    breaks = GROWS.replace("own-cached", "own-breaks").replace("what is cached", "breaks").replace(", cached, ", ", len, ")
    (own / "breaks.py").write_text(breaks)
    runs = tmp_path / "runs"
    words = ("run-all", "--section", "own beliefs", "--results", str(runs), "--jobs", "1")
    finished = invoke(*words, "--experiments", str(own))
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert "there is no sample “befor”, but “before”" in finished.stdout
    assert "TypeError" in finished.stdout
    assert "Not of the catalogue: own file cached_grows.py" in finished.stdout
    (run,) = runs.iterdir()
    # One fault loses no other's verdict, and no report.
    assert all((run / name).exists() for name in ("report.md", "junit.xml", "ktap.txt", "samples.parquet"))
    (row,) = run_directory.read_verdicts(run)["verdicts"]
    assert row["origin"] == "own file cached_grows.py"
    assert "Not of the catalogue" in (run / "report.md").read_text()
    # Of the misspelt one only the first trial was run.
    assert not list(run.glob("experiments/misspelt@*/trial-2.jsonl.zst"))

    shutil.rmtree(own)
    judged = invoke("judge", str(run), "--json")
    assert judged.returncode == 2
    document = json.loads(judged.stdout)
    assert [one for one in document["verdicts"] if one["claim"] == "own-cached-grows"] == [row]
    said = invoke("judge", str(run)).stdout
    assert "none of its code was executed. 1 number that its own functions compute" in said
    assert invoke("report", str(run)).returncode == 2  # two of its experiments are broken
    assert "own-cached-grows" in (run / "report.md").read_text()

    kept = run / "sources" / "cached-grows"
    asked = (kept / "question.json").read_text()
    (kept / "question.json").write_text(asked.replace("all of it", "none of it"))
    one_line(invoke("judge", str(run)), 2, "another question than the one that was run")
    (kept / "question.json").write_text(asked)
    assert (kept / "helper.py").read_text() == HELPER
    anew = invoke("judge", str(run), "--experiments", str(kept))
    assert "Not of the catalogue" in anew.stdout
    assert anew.stdout.count("none of its code was executed") == 2  # those two whose source was not named
    rows = json.loads(invoke("judge", str(run), "--json", "--experiments", str(kept)).stdout)["verdicts"]
    assert [one for one in rows if one["claim"] == "own-cached-grows"] == [row]
