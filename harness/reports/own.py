"""What a reader must know of an experiment that is not the catalogue's: where it is from, and by what it was judged."""

from __future__ import annotations

from collections.abc import Iterator

from harness.claims import as_data
from harness.claims.as_data import Kept
from harness.claims.claim import Experiment
from harness.claims.names import parts, quantities_of
from harness.claims.quantities import Quantity
from harness.evidence.run_directory import source_directory
from harness.reports.wording import counted
from harness.verdicts.judged import Outcome


def lines(outcome: Outcome) -> Iterator[str]:
    """Says where an experiment of the user's own is from and where the run keeps it; nothing of one of the catalogue."""
    experiment = outcome.experiment
    if not experiment.origin:
        return
    kept = source_directory(outcome.directory.parent.parent, experiment.name)
    yield f"Not of the catalogue: {experiment.origin}; the run keeps its question and its source in sources/{experiment.name}."
    if as_data.is_kept(experiment):
        number = kept_numbers(experiment)
        yield "Judged by the question that the run has kept as data; none of its code was executed." + (
            f" {counted(number, 'number')} that its own functions compute are the run's: to compute them anew, read its source, "
            f"then add --experiments {kept}, which executes it."
            if number
            else ""
        )


def kept_numbers(experiment: Experiment) -> int:
    """Counts the numbers of a kept question that only a function of the experiment's could compute anew."""
    found: set[Quantity] = set()

    def look(what: Quantity) -> None:
        if isinstance(what, Kept):
            found.add(what)
        for part in parts(what):
            look(part)

    for what in quantities_of(experiment):
        look(what)
    return len(found)
