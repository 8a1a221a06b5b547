"""Mutants of the judging code: whether the tests that need no guest notice that it judges otherwise. mutmut makes and runs them;
which files, and which tests, stands in pyproject.toml."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import LabError, Unavailable
from harness.faults.shown import Asked, Shown
from harness.paths import ROOT

COPIED = ("harness", "experiments", "probes", "results/bench", "tests", "tasks.py", "pyproject.toml")
ACCEPTED = ROOT / "tests/faults/surviving_mutants.txt"
NAMED = re.compile(r"^\s*(\S+__mutmut_\d+): (.+)$", re.M)
# What mutmut says of a mutant that the tests notice: they fail, or don't end.
KILLED = {"killed", "timeout"}


def require() -> None:
    """Raises Unavailable where mutmut, or the checkout with its tests, is missing."""
    if importlib.util.find_spec("mutmut") is None:
        raise Unavailable("mutmut", "it is not installed", f"type: {sys.executable} -m pip install -e '.[mutation]'")
    if not ACCEPTED.is_file():
        raise Unavailable("mutants", f"{ROOT} has no tests", "type it in a checkout")


def accepted() -> dict[str, str]:
    """Reads the mutants that no test need notice: a line each, its name and the reason."""
    lines = [line.partition(" ") for line in ACCEPTED.read_text().splitlines() if line and not line.startswith("#")]
    return {name: reason for name, _, reason in lines}


def mutmut(tree: Path, log: Path, *words: str) -> str:
    """Runs a command of mutmut's in a copy of the checkout, and gives what it said."""
    with open(log, "wb") as said:
        done = subprocess.run([sys.executable, "-m", "mutmut", *words], cwd=tree, stdout=said, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    if done.returncode:
        raise LabError("mutants", f"mutmut {words[0]} ended with status {done.returncode}: {text[-300:]}", f"see {log}")
    return text


def copy_checkout(tree: Path) -> None:
    """Copies what the tests need: mutants are made beside what they are made of."""
    for name in COPIED:
        source, to = ROOT / name, tree / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to)


def told(results: Mapping[str, str], reasons: Mapping[str, str], percent: int) -> Shown:
    """Tells what came of the mutants: so many per cent are to be killed, and each that lives has a reason."""
    living = [name for name, what in results.items() if what not in KILLED]
    killed = len(results) - len(living)
    unknown = [name for name in living if name not in reasons]
    said = f"{killed:,} of {len(results):,} killed ({100 * killed / max(1, len(results)):.1f} %)"
    if unknown:
        said += f"; of those that live {len(unknown)} have no reason: {' '.join(unknown[:20])}"
    return Shown("mutants of the judging code", bool(results) and 100 * killed >= percent * len(results) and not unknown, said)


def show(asked: Asked) -> Iterator[Shown]:
    """Makes the mutants, and runs the tests on each."""
    require()
    with tempfile.TemporaryDirectory(prefix="folklab-") as directory:
        copy_checkout(tree := Path(directory))
        mutmut(tree, asked.into / "mutmut.log", "run")
        results = dict(NAMED.findall(mutmut(tree, asked.into / "results.log", "results", "--all", "true")))
    yield told(results, accepted(), asked.count)
