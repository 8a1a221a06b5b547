"""What a search found, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from harness import catalogue
from harness.cli.base import warn
from harness.contents import ClaimEntry, Entry
from harness.errors import UsageError
from harness.finding.index import Found, Hit
from harness.reports.wording import counted, wrapped

LEAST = 0.3  # of the best claim's score: what has less was found by one of its words
NEAREST = 3  # claims that are named where none is about what was asked


def found(option: str, text: str) -> tuple[Found, list[Hit]]:
    """Finds the claims that a text asks for, the best first, and tells which words were read as others. Gives all that was
    found, and what is about it. Raises UsageError with the nearest claims where nothing is; option: how the text was given."""
    result = catalogue.index().search(text)
    told(result)
    fitting = [hit for hit in result.hits if hit.fits and hit.score >= LEAST * result.hits[0].score]
    if not fitting:
        near = ", ".join(hit.document.claim for hit in result.hits[:NEAREST])
        remedy = f"the nearest are {near}" if near else "`invoke list` shows all"
        raise UsageError(f"{option} {text[:80]}", "no claim is about it", remedy)
    return result, fitting


def told(result: Found) -> None:
    """Tells what was read otherwise than it was typed."""
    warn("; ".join(f"“{typed}” is read as “{word}”" for typed, word in result.read_as.items()))


def claims(text: str) -> list[tuple[ClaimEntry, Entry]]:
    """Lists the claims that a text finds, the best first, each with the experiment that decides it."""
    return [catalogue.claim_entries()[hit.document.claim] for hit in found("--search", text)[1]]


def lines(text: str) -> Iterator[str]:
    """Lists the claims that a text finds: id and sentence, known answers, the experiment that decides."""
    _, hits = found("--search", text)
    for hit in hits:
        claim, _ = catalogue.claim_entries()[hit.document.claim]
        yield hit.document.claim
        yield wrapped(hit.document.sentence, "    ")
        known = "; ".join(claim["known"]) or "no known answer"
        yield wrapped(f"{known}. {hit.document.experiment}: {hit.document.question}", "    ")
    experiments = {hit.document.experiment for hit in hits}
    yield f"\n{counted(len(hits), 'claim')} of {counted(len(experiments), 'experiment')}"
