"""The answer on the terminal: short, and all that matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.reports import own
from harness.reports.wording import repetition, setting, surprises, tally, where
from harness.verdicts import wording
from harness.verdicts.classify import Standing, classify, is_surprise
from harness.verdicts.judged import Judged, Outcome


def lines(judged: Judged, claim: str | None = None) -> Iterator[str]:
    """Gives the answer for a cell's claims (or the one that was asked for): verdict, numbers, references."""
    for verdict, row in zip(judged.verdicts, judged.rows, strict=True):
        if claim is not None and row["claim"] != claim:
            continue
        axis = f"  [{setting(judged.cell['axis'])}]" if judged.cell["axis"] else ""
        surprise = f"  SURPRISE: known answer {row['known']}" if is_surprise(row) else ""
        trials = f"{row['valid']} of {row['trials']} trials{repetition(row)}"
        yield f"{row['claim']}  {row['verdict'].upper()}  on {where(row)}, {trials}{axis}{surprise}"
        yield f"  {verdict.why}"
        # Expectations that share their references say so once.
        for said in dict.fromkeys(wording.reference_phrase(expect, readings) for expect, readings in verdict.readings):
            yield f"  {said}"
    for said in own.lines(judged.outcome):
        yield f"  {said}"
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
            axis = f" [{setting(one.cell['axis'])}]" if one.cell["axis"] else ""
            yield f"  {row['claim']}  {row['verdict'].upper()}{known}  on {where(row)}{axis}"
            yield f"    {row['why']}"
            yield f"    Evidence: {one.directory}"
    broken = [(one, failure) for one in outcomes for failure in one.failures]
    if broken:
        yield f"Broken: {len(broken)}"
    for one, failure in broken:
        yield f"  {failure['experiment']} on {failure['kernel']}: {failure['what']}"
        yield f"    Evidence: {one.directory}"
