"""The experiments of the catalogue as source text, and an experiment made of other source text under the same name."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from harness import paths
from harness.bench.mutants.mutations import SMALLEST, Keys, Mutant, mutants
from harness.claims.claim import Experiment
from harness.errors import UsageError
from harness.evidence.schema import NoiseFile
from harness.linux.counters import source_and_key
from harness.verdicts import noise

SEED = 13  # of the order in which mutants are taken


def name_of(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2].replace("_", "-")


def counters_of(series: str, directory: Path = paths.BENCH) -> Keys:
    """Maps counter file → the keys that it has on a kernel, as the published noise lists them. Raises UsageError where no
    noise is published."""
    try:
        found: NoiseFile = json.loads(noise.path_of(series, directory).read_text())
    except OSError as error:
        raise UsageError(
            f"bench --mutants --kernel {series}",
            "the counters of this kernel are not listed in results/bench",
            f"`invoke bench --noise --kernel {series}` does that",
        ) from error
    keys: dict[str, set[str]] = defaultdict(set)
    for file, names in found["still"].items():
        keys[file] |= set(names)
    for counter in found["moving"]:
        file, key = source_and_key(counter)
        keys[file].add(key)
    return keys


def sizes_of(module: ModuleType) -> Collection[str]:
    """Names the constants that a module defines itself and that are sizes: bytes, of whole pages, of two or more."""
    own = {
        name.id
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.Assign)
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    return {
        name for name in own if type(size := vars(module).get(name)) is int and size >= SMALLEST and not size % (SMALLEST // 2)
    }


def mutants_of(module: ModuleType, keys: Keys) -> list[Mutant]:
    return mutants(name_of(module), inspect.getsource(module), sizes_of(module), keys)


def ordered(found: Collection[Mutant]) -> list[Mutant]:
    """Puts mutants in an order that is the same every time and nobody chose: the first hundred of it are a fair sample, and
    a larger sample holds the smaller ones."""
    return sorted(found, key=lambda one: hashlib.sha256(f"{SEED} {one.experiment} {one.name}".encode()).digest())


def load(module: ModuleType, source: str) -> Experiment:
    """Makes the experiment of a module from other source text: it has the module's name, and no file is changed."""
    made = ModuleType(module.__name__)
    made.__file__ = module.__file__
    exec(compile(source, str(module.__file__), "exec"), vars(made))  # noqa: S102 - it is the experiment, broken in one place
    experiment: Experiment = made.EXPERIMENT
    return replace(experiment, name=name_of(module), question=(module.__doc__ or "").strip().partition("\n")[0])
