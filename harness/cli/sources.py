"""The command that holds what experiments cite of the kernel against its source."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import errors
from harness.cli.base import command, say
from harness.cli.kernels import MIRROR
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.claims.citations import Citation, Cited
    from harness.claims.claim import Experiment
    from harness.machine.kernels.sources import Source


@command(kernel="series or versions, separated by commas", mirror=MIRROR)
def sources(context: Any, kernel: str = "6.12", mirror: str | None = None) -> int:
    """Check what experiments cite against the kernel's source package: each file, and each name in it."""
    from harness import catalogue
    from harness.machine.kernels.sources import source

    names = tuple(dict.fromkeys(name.strip() for name in kernel.split(",") if name.strip()))
    if not names:
        raise UsageError("--kernel", "it names none", "for instance --kernel 6.12")
    for name in names:
        if not re.match(r"\d+\.\d+", name):
            raise UsageError(f"--kernel {name}", "it is no series or version", "for instance --kernel 6.12")
    found = {catalogue.file(one): _cited(one) for one in catalogue.load().values()}
    folders = {one.citation.file.rpartition("/")[0] for each in found.values() for one in each}
    wrong = 0
    for name in names:
        tree = source(name, folders, mirror=mirror)
        lines = list(dict.fromkeys(line for file, each in found.items() for line in missing(file, each, tree)))
        for line in lines:
            say(line)
        checked = sum(one.about(tree.series) for each in found.values() for one in each)
        say(f"Linux {tree.version}: {len(lines)} of {checked} citations do not hold")
        wrong += len(lines)
    return errors.SURPRISE if wrong else errors.AS_KNOWN


def missing(file: Path, each: Iterable[Cited], tree: Source) -> Iterator[str]:
    """Yields a line for each citation of an experiment's file that a kernel's source does not have."""
    for one in each:
        if one.about(tree.series) and (what := one.citation.missing(tree.read)):
            yield (
                f"{os.path.relpath(file)}:{one.line}: {one.citation.file}: {what} in {tree.version}"
                f"{_elsewhere(one.citation, tree)}"
            )


def _elsewhere(citation: Citation, tree: Source) -> str:
    """Names the files of the same folder that have what a file lacks: it may have moved there."""
    folder = citation.file.rpartition("/")[0]
    others = [path for path in tree.paths(folder) if citation.name and not replace(citation, file=path).missing(tree.read)]
    return f"; it stands in {', '.join(others[:3])}{' …' if others[3:] else ''}" if others else ""


def _cited(experiment: Experiment) -> list[Cited]:
    from harness import catalogue
    from harness.claims.citations import cited

    text = catalogue.file(experiment).read_text()
    return cited(text, [known for claim in experiment.claims for known in claim.known])
