"""The catalogue: every experiment under experiments/, one question a file; and the user's own beside it.

Own experiments come from folders that a command names (`--experiments DIR`) and from installed packages (the entry point
group folklab.experiments). None of them replaces another: a name or an id that exists is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from harness import contents
from harness.contents import ClaimEntry, Entry
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.claims.claim import Claim, Experiment
    from harness.experiment_files import Found, Problem
    from harness.finding.index import Index

_directories: tuple[Path, ...] = ()


def use(directories: Sequence[Path]) -> None:
    """Has the catalogue hold the experiments of these folders too. Raises UsageError for one that is not there."""
    global _directories
    for directory in directories:
        if not directory.is_dir():
            reason = "it is no folder" if directory.exists() else "there is no such folder"
            raise UsageError(f"--experiments {directory}", reason, "name the folder that your experiments lie in")
    _directories = tuple(dict.fromkeys(directories))
    for one in (_all, entries, claim_entries, experiment, load, claims, sources, index):
        one.cache_clear()


# What is told without loading an experiment


@cache
def entries() -> Mapping[str, Entry]:
    """Maps name of an experiment → what the contents of the catalogue have of it."""

    found: list[Entry] | None = contents.read(_directories, "claims")
    if found is None:
        found = [contents.entry(one) for _, one in sorted(_all()[0].items())]
        _keep("claims", found)
    return {one["data"]["experiment"]: one for one in found}


def _keep(kind: str, what: object) -> None:
    """Keeps what was made of all experiments, unless a file of them can't be used: what it lacks may lie anywhere."""
    if not _all()[1]:
        contents.keep(_directories, kind, sorted({one.root for one in _all()[0].values()}), what)


@cache
def claim_entries() -> Mapping[str, tuple[ClaimEntry, Entry]]:
    """Maps id of a claim → what the contents have of it and of the experiment that decides it."""
    return {claim["data"]["claim"]: (claim, one) for one in entries().values() for claim in one["claims"]}


def problems() -> list[Problem]:
    """Lists what is wrong with own files: broken ones, and those whose name or id exists."""
    entries()
    return _all()[1] if _all.cache_info().currsize else []  # contents are kept only where nothing is wrong


@cache
def index() -> Index:
    """Gives the index in which claims are found by words."""
    from harness.finding.index import Index, build  # its libraries are loaded where something is looked for

    if kept := contents.read(_directories, "words"):
        return Index.of_data(kept)
    made = build(claims().values())
    _keep("words", made.as_data())
    return made


def section_order() -> list[str]:
    """Lists sections in the order of experiments/sections.py; those of the user's own experiments last."""
    from experiments import sections

    declared = [text for name, text in vars(sections).items() if name.isupper()]
    return list(dict.fromkeys([*declared, *(claim["data"]["section"] for claim, _ in claim_entries().values())]))


# The experiments themselves


@cache
def _all() -> tuple[dict[str, Found], list[Problem]]:
    """Finds every experiment by its name, and what is wrong with the files of others."""
    from harness import experiment_files
    from harness.experiment_files import Problem

    found = {one.experiment.name: one for one in experiment_files.of_catalogue()}
    taken = {
        name: one for one in found.values() for name in (one.experiment.name, *(claim.id for claim in one.experiment.claims))
    }
    problems = []
    own = [*experiment_files.of_packages()]
    for directory in _directories:
        own += experiment_files.of_directory(directory)
    for one in own:
        if isinstance(one, Problem):
            problems.append(one)
            continue
        names = dict.fromkeys((one.experiment.name, *(claim.id for claim in one.experiment.claims)))
        clash = next((name for name in names if name in taken), None)
        if clash:
            reason = f"{clash!r} exists already, in {taken[clash].file}"
            problems.append(
                Problem(
                    tuple(names), UsageError(f"experiment {one.file}", reason, "give the experiment or its claim another name")
                )
            )
        else:
            found[one.experiment.name] = one
            taken |= dict.fromkeys(names, one)
    return found, problems


@cache
def experiment(name: str) -> Experiment:
    """Loads an experiment, and no other. Raises KeyError where there is none of that name."""
    from harness import experiment_files

    if not _all.cache_info().currsize:
        found = entries()[name]
        file, root, origin = Path(found["file"]), Path(found["root"]), found["data"]["origin"] or ""
        if one := experiment_files.of_module(found["module"], file, root, origin):
            return one
    return _all()[0][name].experiment


def get(name: str) -> Experiment | None:
    """Loads an experiment, and no other; None where there is none of that name."""
    return experiment(name) if name in entries() else None


@cache
def load() -> dict[str, Experiment]:
    """Maps name → experiment."""
    return {name: experiment(name) for name in sorted(_all()[0])}


@cache
def claims() -> dict[str, tuple[Claim, Experiment]]:
    """Maps id → claim and the experiment that decides it."""
    return {claim.id: (claim, experiment) for experiment in load().values() for claim in experiment.claims}


def find(name: str) -> tuple[Experiment, Claim | None]:
    """Finds an experiment by its name, or by the id of one of its claims (then that claim too).

    Raises UsageError with the nearest names for one that is neither, and for one that a file has that can't be used.
    """
    for problem in problems():
        if name in problem.names:
            raise problem.error
    if name in claim_entries():
        experiment_name = claim_entries()[name][1]["data"]["experiment"]
        found = experiment(experiment_name)
        return found, next(claim for claim in found.claims if claim.id == name)
    if name in entries():
        return experiment(name), None
    names = [*claim_entries(), *entries()]
    about = [hit.document.claim for hit in index().search(name).hits if hit.fits]
    slips, resembling = (difflib.get_close_matches(name, names, n=3, cutoff=cutoff) for cutoff in (0.8, 0.5))
    near = list(dict.fromkeys([*slips, *about[:2], *resembling]))[:3]
    raise UsageError(
        f"experiment {name!r}",
        "there is none of that name, nor a claim",
        f"did you mean {', '.join(near)}?" if near else "`invoke list` names them all",
    )


def file(experiment: Experiment) -> Path:
    """Names the file that an experiment of the catalogue stands in."""
    return Path(entries()[experiment.name]["file"])


@cache
def sources(name: str) -> dict[str, bytes]:
    """Maps path → content, of the file that an experiment stands in and, of one of the user's own, of its helpers."""
    from harness import experiment_files

    found = entries()[name]
    file, root = Path(found["file"]), Path(found["root"])
    return experiment_files.sources(file, root) if found["data"]["origin"] else {file.name: file.read_bytes()}


def source_digest(experiment: Experiment) -> str | None:
    """Gives "sha256:…" of the files that an experiment is made of; None for one that is not in the catalogue."""
    from harness import experiment_files

    try:
        return experiment_files.digest(sources(experiment.name))
    except (OSError, KeyError):
        return None


def false_evidence(experiment: Experiment) -> ModuleType | None:
    """Loads the false evidence beside an experiment of the user's own; None where there is none."""
    from harness import experiment_files

    found = entries()[experiment.name]
    return experiment_files.evidence_of(found["module"], Path(found["file"]), Path(found["root"]))


def of_section(text: str) -> list[Experiment]:
    """Lists the experiments whose section, folder or name has the text in it; all for none.

    Raises UsageError where there is none.
    """

    def words(name: str, one: Entry) -> str:
        folder = one["module"].rpartition(".")[0]
        return " ".join([name, folder, *(claim["data"]["section"] for claim in one["claims"])])

    found = [experiment(name) for name, one in entries().items() if text.lower() in words(name, one).lower()]
    if not found:
        raise UsageError(f"--section {text}", "no experiment is in it", f"sections are: {'; '.join(section_order())}")
    return found
