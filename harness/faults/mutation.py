"""Mutants of the judging code: whether the tests that need no guest notice that it judges otherwise. mutmut makes and runs them;
which files, and which tests, stands in pyproject.toml.

They are made in a copy of the checkout in the cache, under a name that the code and its tests give it: where the command was
ended, the next one with the same code and tests goes on there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from harness import cache
from harness.errors import LabError, Unavailable
from harness.faults.shown import Asked, Shown
from harness.paths import ROOT

COPIED = ("harness", "experiments", "probes", "results/bench", "tests", "docs/verdicts.schema.json", "tasks.py", "pyproject.toml")
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
    """Reads the mutants that no test need notice: a line each, its name or a pattern of names ("*" is any text), and why."""
    lines = [line.partition(" ") for line in ACCEPTED.read_text().splitlines() if line and not line.startswith("#")]
    return {name: reason for name, _, reason in lines}


def reason_of(name: str, reasons: Mapping[str, str]) -> str:
    """Gives the reason why a mutant may live, by its own name or the first pattern of it; "" where there is none."""
    return reasons.get(name) or next((reason for pattern, reason in reasons.items() if fnmatchcase(name, pattern)), "")


def mutmut(tree: Path, log: Path, *words: str) -> str:
    """Runs a command of mutmut's in a copy of the checkout, and gives what it said."""
    with open(log, "wb") as said:
        done = subprocess.run([sys.executable, "-m", "mutmut", *words], cwd=tree, stdout=said, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    if done.returncode:
        raise LabError("mutants", f"mutmut {words[0]} ended with status {done.returncode}: {text[-300:]}", f"see {log}")
    return text


def copied() -> Iterator[Path]:
    """Yields the files that the tests need, in order, and none that Python has compiled."""
    for name in COPIED:
        source = ROOT / name
        found = sorted(source.rglob("*")) if source.is_dir() else [source]
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)


def tree_of_checkout() -> Path:
    """Gives a copy of the checkout: the one that an earlier command has left, with all that it has found out, or a new one.
    Those of other code or tests are removed."""
    name = cache.name_of(*((str(path.relative_to(ROOT)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in copied()))
    tree = cache.directory("mutants") / name
    for other in tree.parent.iterdir():
        if other != tree and not other.name.startswith("."):
            cache.discard(other)
    if not tree.is_dir():
        with cache.workplace(tree) as new:
            for path in copied():
                to = new / path.relative_to(ROOT)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, to)
            new.rename(tree)
    return tree


def told(results: Mapping[str, str], reasons: Mapping[str, str], percent: int) -> Shown:
    """Tells what came of the mutants: so many per cent are to be killed, each that lives has a reason, and each reason is one of
    some that lives."""
    living = [name for name, what in results.items() if what not in KILLED]
    killed = len(results) - len(living)
    unknown = [name for name in living if not reason_of(name, reasons)]
    stale = [pattern for pattern in reasons if not any(fnmatchcase(name, pattern) for name in living)]
    said = f"{killed:,} of {len(results):,} killed ({100 * killed / max(1, len(results)):.1f} %)"
    if unknown:
        said += f"; of those that live {len(unknown)} have no reason: {' '.join(unknown[:20])}"
    if stale:
        said += f"; {len(stale)} reasons are of none that lives: {' '.join(stale[:20])}"
    enough = bool(results) and 100 * killed >= percent * len(results)
    return Shown("mutants of the judging code", enough and not unknown and not stale, said)


def show(asked: Asked) -> Iterator[Shown]:
    """Makes the mutants, and runs the tests on each; leaves a line for each that lives."""
    require()
    tree, reasons = tree_of_checkout(), accepted()
    mutmut(tree, asked.into / "mutmut.log", "run")
    results = dict(NAMED.findall(mutmut(tree, asked.into / "results.log", "results", "--all", "true")))
    living = [f"{name} {what}: {reason_of(name, reasons)}" for name, what in results.items() if what not in KILLED]
    (asked.into / "living.txt").write_text("".join(f"{line}\n" for line in living))
    yield told(results, reasons, asked.count)
