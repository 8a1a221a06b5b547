"""Why a mutant is noticed by nobody: reasons.json, the one file of reasons, and what in it is not so any more.

An entry has a reason (`why`), whether the mutant means the same as what it was made from (`equivalent`), and the names of the
mutants that it is about, by their experiments.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from harness.errors import LabError

PATH = Path(__file__).with_name("reasons.json")

# A mutant: its experiment (or decoder) and its name.
Which = tuple[str, str]


def of_decoder(name: str) -> str:
    """Gives a decoder the name that stands where others have an experiment's."""
    return f"decoder {name}"


class Reason(TypedDict):
    """An entry of reasons.json."""

    why: str
    equivalent: bool
    mutants: dict[str, list[str]]


def read(path: Path = PATH) -> dict[Which, Reason]:
    """Maps mutant → its reason. Raises LabError for a mutant that has two."""
    entries: list[Reason] = json.loads(path.read_text("utf-8"))
    found: dict[Which, Reason] = {}
    for entry in entries:
        for experiment, names in entry["mutants"].items():
            for name in names:
                if (experiment, name) in found:
                    raise LabError(f"{path.name}: {experiment}, {name}", "it has two reasons", "leave one")
                found[experiment, name] = entry
    return found


def problems(
    reasons: Mapping[Which, Reason],
    existing: Collection[Which],
    survivors: Collection[Which],
    noticed: Collection[Which],
) -> Iterator[str]:
    """Tells what does not fit: a survivor without a reason, a reason for a mutant that is not there or that is noticed.

    existing: every mutant that can be made; survivors and noticed: those that were run or judged.
    """
    for experiment, name in sorted(set(survivors) - reasons.keys()):
        yield f"{experiment}: {name}: nobody notices it, and reasons.json has no reason"
    for experiment, name in sorted(reasons.keys() - set(existing)):
        yield f"{experiment}: {name}: reasons.json has a reason for it, and there is no such mutant"
    for experiment, name in sorted(reasons.keys() & set(noticed)):
        yield f"{experiment}: {name}: reasons.json has a reason for it, and it is noticed"
