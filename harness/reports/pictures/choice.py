"""Which picture shows what decided: by the kind of quantity. Pure, and the same for evidence and for published rows."""

from __future__ import annotations

from collections.abc import Sequence

from harness.claims import unread
from harness.claims.claim import FALSE, REFUTED, TRUE, EventRange, Expect, Experiment
from harness.claims.picture import CANDIDATES, COURSE, DOTS, KINDS, MARKS, PAGE_MAP, REQUESTS
from harness.claims.quantities import Quantity
from harness.verdicts.judge import Verdict
from harness.verdicts.reading import Reading

# Units of what is measured, as against a handful of things that are counted: their numbers belong on an axis.
AMOUNTS = frozenset({"pages", "KiB", "bytes", "%", "0.01 %", "sectors", "faults", "points", "wakes", "dentries", "inodes"})
FEW = 20  # a bound below it, of a unit that is none of these, is of things that can be counted on fingers


def kind(expect: Expect, experiment: Experiment) -> str:
    """Says which picture shows an expectation's numbers."""
    leaves = list(unread.parts(expect.quantity))
    own = {leaf.PICTURE for leaf in leaves}
    for one in (PAGE_MAP, CANDIDATES):
        if one in own:
            return one
    if expect.quantity.unit == "errno":
        return REQUESTS
    if not is_amount(expect):
        return MARKS
    counters = {getattr(leaf, "counter", "") for leaf in leaves}
    return COURSE if own == {COURSE} and len(counters) == 1 and experiment.rate else DOTS


def is_amount(expect: Expect) -> bool:
    """Says whether the numbers belong on an axis: yes, no, an errno, a name and a small count do not."""
    ranges = (expect.if_true, expect.if_false)
    if expect.quantity.unit in AMOUNTS or any(isinstance(one, EventRange) for one in ranges):
        return True
    ends = [end for one in ranges for end in (one.low, one.high) if end is not None]
    if any(isinstance(end, (Quantity, float)) for end in ends):
        return True
    is_open = any((one.low is None) != (one.high is None) for one in ranges)
    most = max((abs(end) for end in ends if isinstance(end, int)), default=0)
    return most > FEW if expect.quantity.unit else is_open and most > 2


def decisive(verdict: Verdict) -> list[tuple[Expect, Sequence[Reading]]]:
    """Lists the expectations that made the verdict: of a refuted claim those that are contradicted, of an undecided one those
    from which nothing follows, else all."""
    if verdict.verdict == REFUTED:
        found = [one for one in verdict.readings if one[1] and all(reading.outcome == FALSE for reading in one[1])]
    else:
        found = [one for one in verdict.readings if one[1] and not all(reading.outcome == TRUE for reading in one[1])]
    return list(found or verdict.readings)


def chosen(verdict: Verdict) -> tuple[str, list[tuple[Expect, Sequence[Reading]]]]:
    """Chooses the kind of a claim's picture, and the expectations that it shows: those of that kind among the decisive ones."""
    found = decisive(verdict)
    kinds = {id(expect): kind(expect, verdict.experiment) for expect, _ in found}
    first = min(kinds.values(), key=KINDS.index)
    return first, [(expect, readings) for expect, readings in found if kinds[id(expect)] == first]
