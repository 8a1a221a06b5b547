"""The catalogue: every experiment under experiments/, found by looking, one question a file.

Experiments of one's own: FOLKLAB_EXPERIMENTS names directories with more of them (separated as PATH is).
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import experiments
from experiments import sections
from harness.claims.claim import Claim, Experiment
from harness.errors import LabError, UsageError


@cache
def load() -> dict[str, Experiment]:
    """Maps name → experiment. A file's name is the experiment's; of its docstring the first line is the question, the
    rest the procedure in words."""
    found = {}
    for module in modules():
        if not hasattr(module, "EXPERIMENT"):
            raise LabError(f"experiment {module.__file__}", "it defines no EXPERIMENT", "`CONTRIBUTING.md` shows how")
        name = module.__name__.rsplit(".", 1)[-1].replace("_", "-")
        question, _, words = (module.__doc__ or "").strip().partition("\n")
        found[name] = replace(module.EXPERIMENT, name=name, question=question, words=" ".join(words.split()))
    return dict(sorted(found.items()))


def modules() -> Iterator[Any]:
    """Yields every module that holds an experiment: the built-in ones, then those of the user's own directories."""
    for module in pkgutil.walk_packages(experiments.__path__, "experiments."):
        if not module.ispkg and module.name != "experiments.sections":
            yield importlib.import_module(module.name)
    for directory in filter(None, os.environ.get("FOLKLAB_EXPERIMENTS", "").split(os.pathsep)):
        for path in sorted(Path(directory).glob("*.py")):
            spec = importlib.util.spec_from_file_location(f"experiments_of_the_user.{path.stem}", path)
            if spec and spec.loader:
                loaded = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(loaded)
                yield loaded


@cache
def claims() -> dict[str, tuple[Claim, Experiment]]:
    """Maps id → claim and the experiment that decides it."""
    return {claim.id: (claim, experiment) for experiment in load().values() for claim in experiment.claims}


def find(name: str) -> tuple[Experiment, Claim | None]:
    """Finds an experiment by its name, or by the id of one of its claims (then that claim too).

    Raises UsageError with the nearest names for one that is neither.
    """
    if name in claims():
        claim, experiment = claims()[name]
        return experiment, claim
    if name in load():
        return load()[name], None
    near = difflib.get_close_matches(name, [*claims(), *load()], n=3, cutoff=0.4)
    raise UsageError(
        f"experiment {name!r}",
        "there is none of that name, nor a claim",
        f"did you mean {', '.join(near)}?" if near else "`invoke list` names them all",
    )


def file(experiment: Experiment) -> Path:
    """Names the file that the experiment's procedure stands in."""
    procedure = inspect.unwrap(experiment.procedure)  # a table's is made elsewhere (harness/claims/small.py)
    module = sys.modules.get(procedure.__module__)
    return Path(getattr(module, "__file__", None) or procedure.__code__.co_filename)


def source_digest(experiment: Experiment) -> str | None:
    """Gives "sha256:…" of the file that the experiment's procedure stands in, None if that is not there."""
    try:
        return f"sha256:{hashlib.sha256(file(experiment).read_bytes()).hexdigest()}"
    except OSError:
        return None


def search(text: str) -> Iterator[tuple[Claim, Experiment]]:
    """Finds claims whose id, statement or section has the text in it."""
    for claim, experiment in claims().values():
        if text.lower() in f"{claim.id} {claim.text} {claim.section} {experiment.name}".lower():
            yield claim, experiment


def section_order() -> list[str]:
    """Lists sections in the order of experiments/sections.py; those of the user's own experiments last."""
    declared = [text for name, text in vars(sections).items() if name.isupper()]
    return list(dict.fromkeys([*declared, *(claim.section for claim, _ in claims().values())]))


def of_section(text: str) -> list[Experiment]:
    """Lists the experiments whose section, folder or name has the text in it; all for none.

    Raises UsageError where there is none.
    """

    def words(one: Experiment) -> str:
        folder = one.procedure.__module__.rpartition(".")[0]
        return " ".join([one.name, folder, *(claim.section for claim in one.claims)])

    found = [experiment for experiment in load().values() if text.lower() in words(experiment).lower()]
    if not found:
        raise UsageError(f"--section {text}", "no experiment is in it", f"sections are: {'; '.join(section_order())}")
    return found
