"""Names that are misspelt, as the first trial shows: what was asked for is not there, but nearly so. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from harness.claims import unread
from harness.claims.quantities import FromArm, Quantity
from harness.evidence.recording import Recording, Trial

if TYPE_CHECKING:
    from harness.claims.claim import Besides, Experiment, Guard, Premise, Range


def is_near(name: str, names: Iterable[str]) -> bool:
    """Says whether a name is a slip of the pen for one of these: "round 1" is none for "round 2"."""
    bare = re.sub(r"\d+", "#", name)
    return any(re.sub(r"\d+", "#", near) != bare for near in difflib.get_close_matches(name, list(names), n=3, cutoff=0.75))


def named(part: FromArm, recording: Recording) -> Iterator[tuple[str, Iterable[str]]]:
    """Yields each name that a quantity asks for, with those of its kind that a recording has."""
    for field in ("sample", "since", "until"):
        if moment := getattr(part, field, ""):
            yield moment, recording.samples
    if label := getattr(part, "label", ""):
        yield label, dict.fromkeys(event["label"] for event in recording.events if event["event"] == "pages")
    if record := getattr(part, "record", ""):
        yield record, recording.records


def misspelt(experiment: Experiment, trial: Trial) -> str | None:
    """Says which of an experiment's quantities a trial does not have for want of a name that it nearly has. What is of a claim
    that the machine lacks something for was not read, whatever its name."""
    skipped = {claim for recording in trial.arms.values() for claim in recording.skipped}
    for what in quantities_of(experiment, skipped):
        for part in unread.parts(what):
            recording = trial.arms.get(getattr(part, "arm", None) or "")
            if isinstance(part, FromArm) and recording and part.read(trial) is None:
                for name, there in named(part, recording):
                    if name not in there and is_near(name, there):
                        return f"“{what.name}” can't be read: {unread.why(part, trial)}"
    return None


def quantities_of(experiment: Experiment, without: Collection[str] = ()) -> Iterator[Quantity]:
    """Yields every quantity that an experiment reads, bounds among them. without: ids of claims that are left out."""
    for one in experiment.expects:
        if one.claim.id not in without:
            yield from (one.quantity, one.reads_true, one.reads_false)
            yield from _ends(one.if_true, one.if_false)
    of_claims: tuple[Premise | Besides, ...] = (*experiment.premises, *experiment.besides)
    conditions: list[Guard | Premise | Besides] = [
        *experiment.guards,
        *(condition for condition in of_claims if condition.claim.id not in without),
    ]
    for condition in conditions:
        yield condition.quantity
        yield from _ends(condition.holds)


def _ends(*ranges: Range) -> Iterator[Quantity]:
    for ends in ranges:
        yield from (bound for bound in (ends.low, ends.high) if isinstance(bound, Quantity))


def parts(what: Quantity) -> Iterator[Quantity]:
    """Yields the quantities that a quantity is made of directly."""
    for value in vars(what).values():
        yield from (one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, Quantity))
