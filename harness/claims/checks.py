"""What can be seen of an experiment before any machine runs: questions that have one answer only, and misspelt names.

Each is checked where it is made, so that the error points at the line of the experiment's file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from harness.claims import said, settings
from harness.claims.limits import Limits, resolve
from harness.claims.quantities import Bound, Called, Combined, Magnitude, Quantity, Size
from harness.errors import LabError
from harness.evidence.recording import Recording, Trial

if TYPE_CHECKING:
    from harness.claims.claim import Besides, Expect, Experiment, Range

# A machine with pages of the usual size, for bounds that are sizes: whatever overlaps there does so everywhere.
_MACHINE = Trial(0, {"": Recording([{"event": "start", "machine": {"page_size": 4096, "arch": "x86_64"}}])})


def nearest(name: str, names: Iterable[str]) -> str:
    """Says which name was perhaps meant, or which there are; "" where there is none."""
    there = list(dict.fromkeys(names))
    near = difflib.get_close_matches(name, there, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are {', '.join(there[:12])}{' and others' if len(there) > 12 else ''}" if there else ""


def itself(what: Bound | None) -> Bound | None:
    """Gives a quantity without the names that it was given: two that read the same are equal then."""
    return itself(what.what) if isinstance(what, Called) else what


def is_constant(bound: Bound | None) -> bool:
    """Says whether a bound is a number that no reading changes: sizes in bytes are."""
    if isinstance(bound, (Called, Magnitude)):
        return is_constant(bound.what)
    if isinstance(bound, Combined):
        return is_constant(bound.left) and is_constant(bound.right)
    return isinstance(bound, Size) or not isinstance(bound, Quantity)


def constant(bounds: Range) -> Limits | None:
    """Gives a range whose ends are constants with its numbers; None for one that is read."""
    if not bounds.HAS_ENDS:
        return None
    return resolve(bounds, _MACHINE) if is_constant(bounds.low) and is_constant(bounds.high) else None


def expect(one: Expect) -> None:
    """Checks that a claim can come out either way. Raises LabError where it can't."""
    named = {"what decides": one.quantity, "the true reference": one.reads_true, "the false reference": one.reads_false}
    for (first, this), (second, other) in combinations(named.items(), 2):
        if itself(this) == itself(other):
            raise LabError(
                f"claim {one.claim.id}",
                f"{first} and {second} are one reading, “{this.name}”",
                "a reference is a treatment of its own, whose answer is known",
            )
    limits = {"if_true": constant(one.if_true), "if_false": constant(one.if_false)}
    for name, found in limits.items():
        if found and not found.outside and None not in (found.low, found.high) and not found.holds(found.low or 0):
            raise LabError(f"claim {one.claim.id}", f"no number lies in its range {name} ({found})", "exchange its ends")
    true, false = limits.values()
    if true and false and true.overlaps(false):
        raise LabError(
            f"claim {one.claim.id}", f"its ranges {true} and {false} overlap", "make them disjoint: a number says one thing"
        )
    _says(one)


def besides(one: Besides) -> None:
    """Checks that a sentence can be filled in. Raises LabError where it can't."""
    _says(one)


def _says(one: Expect | Besides) -> None:
    try:
        said.fill(one.says, [0, 1], "1", "1")
    except (KeyError, IndexError, ValueError) as error:
        raise LabError(
            f"claim {one.claim.id}",
            f"says={one.says!r} can't be filled in: {error}",
            "it may have {value} and {bound} in it (harness/claims/said.py)",
        ) from None


def experiment(one: Experiment) -> None:
    """Checks the names that an experiment uses. Raises LabError for one that there is not, or that stands for two things."""
    for problem in _problems(one):
        raise problem


def _problems(one: Experiment) -> Iterator[LabError]:
    ids = [claim.id for claim in one.claims]
    for twice in {name for name in ids if ids.count(name) > 1}:
        yield LabError(f"claim {twice}", "two different claims have this id", "give each its own")
    known = set(settings.names()) | {"append"}
    for name, values in one.axes.items():
        if name not in known:
            yield LabError(f"axis {name}", "there is no such setting", nearest(name, known))
        for value in values:
            if name in settings.CHOICES and not settings.fits(name, value):
                yield LabError(f"axis {name}", f"it can't be {value!r}", nearest(value, settings.CHOICES[name]))
    for name in one.writes:
        if name not in known:
            yield LabError(f"writes {name}", "there is no such setting", nearest(name, known))
    for claim in one.claims:
        for answer in claim.known:
            if answer.verdict not in {"confirmed", "refuted"}:
                yield LabError(
                    f"claim {claim.id}", f"no verdict is called {answer.verdict!r}", "a known answer is CONFIRMED or REFUTED"
                )
