"""The commands for questions of one's own: new, try, false-evidence."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import errors, paths
from harness.cli.base import as_typed, command, say
from harness.cli.options import permissions, running
from harness.errors import UsageError
from harness.run.options import HOST, RunOptions


@command(
    name="of the experiment: words with hyphens, as in “free-memory-shrinks”",
    claim="the belief, as one sentence that can be true or false",
    to="the folder that it is written to",
)
def new(context: Any, name: str, claim: str = "", to: str = "own") -> int:
    """Write a skeleton of an experiment that runs at once, with its false evidence and its test."""
    from harness import catalogue
    from harness.cli.skeleton import write

    catalogue.use([])
    for path in write(Path(to), name, claim):
        say(f"written: {path}")
    say(as_typed(f"Now:  invoke try {Path(to) / (name.replace('-', '_') + '.py')}"))
    say(as_typed(f"then: invoke run-experiment {name} --experiments {to}"))
    return errors.AS_KNOWN


@running(
    HOST,
    without=("trials", "jobs", "json", "results"),
    called="try",
    file="a file with an experiment, or with a procedure alone",
)
def try_(context: Any, file: str, *, options: RunOptions) -> int:
    """Run one trial of a file on one kernel and print what was read, moment by moment, with what changed most."""
    from dataclasses import replace

    from harness.cli import trying

    path = Path(file)
    if not path.is_file():
        raise UsageError(f"file {file}", "there is none", "name the .py file of an experiment or of a procedure")
    options = replace(options, permissions=permissions(options), trials=1)
    status, lines = trying.attempt(path, options)
    for line in lines:
        say(line)
    return status


@command(own=True, called="false-evidence", name="of an experiment, or the id of one of its claims")
def false_evidence(context: Any, name: str) -> int:
    """Check an experiment by the catalogue's rules: its judge on false evidence, its references, its words and reasons."""
    from harness import catalogue
    from harness.false_evidence.check import Evidence, problems

    experiment, _ = catalogue.find(name)
    if experiment.origin:
        module = catalogue.false_evidence(experiment)
        where = "refuting/ beside its file"
    elif not paths.CHECKOUT:
        raise UsageError(f"experiment {name}", "the false evidence of the catalogue lies in the checkout", "run it there")
    else:
        sys.path.insert(0, str(paths.ROOT))
        module = importlib.import_module(f"tests.refuting.{experiment.name.replace('-', '_')}")
        where = "tests/refuting/"
    if module is None:
        raise UsageError(
            f"experiment {experiment.name}",
            f"it has no false evidence in {where}",
            "`invoke new` shows how it is written",
        )
    with tempfile.TemporaryDirectory(prefix="folklab-") as place:
        found = list(problems(experiment, Evidence.of(module), Path(place)))
    for line in found:
        say(line)
    claims = ", ".join(claim.id for claim in experiment.claims)
    say(f"{experiment.name} ({claims}): " + (f"{len(found)} rules are not held to" if found else "it holds to every rule"))
    return errors.BROKEN if found else errors.AS_KNOWN
