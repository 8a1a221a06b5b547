"""Claims whose verdict is another on two sides, with what is known of the change: answers, their sources, the commits in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness import catalogue
from harness.claims.claim import DECIDED, Claim, Known
from harness.evidence.schema import Row
from harness.linux import releases
from harness.reports.comparison import bisections, differences, history
from harness.reports.comparison.bisections import Bisection
from harness.reports.comparison.differences import Comparison, Pair
from harness.reports.wording import counted, wrapped


@dataclass(frozen=True)
class Change:
    """A claim that one side confirms and the other refutes. claim: None of one that the catalogue does not have any more.
    known: answers that hold on one side only; found: bisections between the two kernels."""

    pair: Pair
    claim: Claim | None
    known: tuple[Known, ...]
    found: tuple[Bisection, ...]

    @property
    def commits(self) -> list[str]:
        """Lists the commits that are known to have changed it."""
        return list(
            dict.fromkeys([*(one.commit[:12] for one in self.found), *(name for one in self.known for name in one.commits)])
        )


def changes(comparison: Comparison) -> list[Change]:
    """Lists the claims that one side confirms and the other refutes."""
    bisected, found = bisections.published(), []
    for pair in comparison.verdicts():
        if {pair.one["verdict"], pair.other["verdict"]} == set(DECIDED):
            claim, _ = catalogue.claims().get(pair.claim, (None, None))
            known = history.between(claim, *in_order(pair)) if claim else []
            of_pair = [
                one for one in bisected if one.claim == pair.claim and one.is_between(pair.one["kernel"], pair.other["kernel"])
            ]
            found.append(Change(pair, claim, tuple(known), tuple(of_pair)))
    return found


def in_order(pair: Pair) -> list[Row]:
    """Gives both rows of a pair, that of the older kernel first."""
    return sorted((pair.one, pair.other), key=lambda row: releases.order(row["kernel"]))


def lines(comparison: Comparison) -> Iterator[str]:
    """Gives the lines of the claims that changed, as they are printed."""
    yield from differences.sides(comparison)
    found, differing = changes(comparison), comparison.verdicts()
    yield f"\nClaims that changed: {len(found) or 'none'} of {len(comparison.pairs)}"
    for one in found:
        yield f"  {one.pair.title}: {one.pair.one['verdict']} -> {one.pair.other['verdict']}"
        if one.claim:
            yield wrapped(one.claim.text, "    ")
        for bisection in one.found:
            yield wrapped(bisection.text, "    ")
        for known in one.known:
            names = known.commits
            named = f"; {counted(len(names), 'commit')}: {', '.join(names)}" if names else ""
            yield wrapped(f"Known: {known.said}{named}. Source: {known.source}", "    ")
        if not one.commits and len({one.pair.one["kernel"], one.pair.other["kernel"]}) > 1:
            yield wrapped("No commit is known: docs/bisect.md says how to find it.", "    ")
    undecided = len(differing) - len(found)
    if undecided:
        yield f"\nDecided on one side only: {counted(undecided, 'row')}"
    yield from differences.alone(comparison)
