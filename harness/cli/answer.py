"""The answer on the terminal: the claim's sentence and its verdict, the numbers that decided, what else is to be known."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from harness.claims.claim import REFUTED, Claim
from harness.cli import yours
from harness.evidence.schema import Row
from harness.reports import own
from harness.reports.wording import counted, repetition, surprises, tally, where, wrapped
from harness.verdicts import wording
from harness.verdicts.classify import Standing, classify, is_surprise
from harness.verdicts.judged import Judged, Outcome

# What can be done about a claim that is undecided, by how its reason begins or what it has in it.
REMEDIES = (
    ("trials disagree", "more of them may tell: --trials 9"),
    ("trials are valid", "run it again while the machine is quiet"),
    ("moves by up to", "measure the noise of this kernel: `invoke bench --noise`"),
    ("was not read", "see the report for what this kernel or machine lacks"),
    ("one boot", "run it again: every trial takes a boot of its own"),
    ("reference", "the instrument did not work as it should: run it again, or see the report"),
)


def laid(text: str, indent: str = "  ") -> str:
    """Breaks a line for a terminal; elsewhere it stays one."""
    return wrapped(text, indent) if sys.stdout.isatty() else indent + " ".join(text.split())


def headline(claim: Claim, row: Row, axis: dict[str, str]) -> str:
    """Gives the claim's sentence with its verdict, the settings that it is for, and whether these are this machine's."""
    under = f" with {yours.axis_called(axis)}" if axis else ""
    surprise = f" — a SURPRISE: the known answer is {row['known']}" if is_surprise(row) else ""
    return f"“{claim.text}” — {row['verdict'].upper()}{under}{surprise}{yours.marked(axis)}"


def place(row: Row) -> str:
    """Says which claim it is, and where and how often it was tried."""
    trials = f"{row['valid']} of {counted(row['trials'], 'trial')}{repetition(row)}"
    return f"{row['claim']} on {where(row)}, {trials}"


def remedy(why: str) -> str:
    """Says what can be done about a claim that is undecided for a reason."""
    return next((f"What to do: {what}." for part, what in REMEDIES if part in why), "")


def lines(judged: Judged, claim: str | None = None) -> Iterator[str]:
    """Gives the answer for a cell's claims (or the one that was asked for)."""
    for verdict, row in zip(judged.verdicts, judged.rows, strict=True):
        if claim is not None and row["claim"] != claim:
            continue
        yield laid(headline(verdict.claim, row, judged.cell["axis"]), "")
        yield laid(place(row))
        yield laid(verdict.why[:1].upper() + verdict.why[1:] if classify(row) is Standing.SKIPPED else verdict.why)
        for said in verdict.besides:
            yield laid(f"Know this too: {said}")
        if row["verdict"] == REFUTED and verdict.claim.instead:
            yield laid(f"Instead: {verdict.claim.instead}")
        if classify(row) is Standing.UNDECIDED and (what := remedy(verdict.why)):
            yield laid(what)
        # Expectations that share their references say so once.
        for said in dict.fromkeys(wording.reference_phrase(expect, readings) for expect, readings in verdict.readings):
            yield laid(said)
    for said in own.lines(judged.outcome):
        yield laid(said)
    for failure in judged.failures:
        yield f"{judged.experiment.name}  BROKEN  {failure['what']}"


def ending(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Gives the end of a run of many cells: how many verdicts; then what needs a look, each with its evidence."""
    found = [(one, row) for one in outcomes for row in one.rows]
    rows = [row for _, row in found]
    yield f"\n{tally(rows)}; {surprises(rows)}"
    for title, standing in (("Surprises", Standing.SURPRISE), ("Undecided", Standing.UNDECIDED)):
        chosen = [(one, row) for one, row in found if classify(row) is standing]
        if chosen:
            yield f"{title}: {len(chosen)}"
        for one, row in chosen:
            known = f", known answer {row['known']}" if row["known"] else ""
            axis = f" with {yours.axis_called(one.cell['axis'])}" if one.cell["axis"] else ""
            yield f"  {row['claim']}  {row['verdict'].upper()}{known}  on {where(row)}{axis}"
            yield laid(row["why"], "    ")
            yield f"    Evidence: {one.directory}"
    broken = [(one, failure) for one in outcomes for failure in one.failures]
    if broken:
        yield f"Broken: {len(broken)}"
    for one, failure in broken:
        yield f"  {failure['experiment']} on {failure['kernel']}: {failure['what']}"
        yield f"    Evidence: {one.directory}"
