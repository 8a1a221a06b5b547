"""`invoke ask`: the claims that answer a question, with the published verdicts. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness import catalogue
from harness.claims.claim import DECIDED, REFUTED
from harness.cli import searching, yours
from harness.cli.answer import laid
from harness.contents import ClaimEntry
from harness.errors import LabError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.finding.index import Found, Hit
from harness.linux.releases import series
from harness.reports.comparison import history
from harness.reports.comparison.history import Line
from harness.reports.comparison.rows import REFERENCE
from harness.reports.wording import listed

MOST = 3  # claims that are told
LEAST = 0.55  # of the best one's score: what has less answers another question


def published() -> list[Row]:
    """Reads the published verdicts; none where they are not there."""
    try:
        return run_directory.read_verdicts(REFERENCE)["verdicts"]
    except (LabError, OSError):
        return []


def asked(question: str) -> tuple[Found, list[Hit]]:
    """Finds the claims that answer a question. Raises UsageError where none does."""
    found, fitting = searching.found("ask", question)
    return found, [hit for hit in fitting if hit.score >= LEAST * fitting[0].score][:MOST]


def lines(question: str) -> Iterator[str]:
    """Answers a question."""
    found, hits = asked(question)
    rows = published()
    for hit in hits:
        claim, _ = catalogue.claim_entries()[hit.document.claim]
        name = hit.document.claim
        yield laid(f"“{hit.document.sentence}”", "")
        yield from answers(claim, rows)
        yield f"  More: invoke explain {name}; to see it for yourself: invoke run-experiment {name}\n"
    others = [hit.document.claim for hit in found.hits if hit.fits and hit not in hits][:MOST]
    if others:
        yield laid(f"Near it: {', '.join(others)}", "")


def answers(claim: ClaimEntry, rows: Sequence[Row]) -> Iterator[str]:
    """Tells the published verdicts of a claim, a line for each setting; then what was measured where this machine is nearest."""
    data = claim["data"]
    told = history.of_claim(data["claim"], rows)
    if not told:
        yield f"  Not published yet; known answer: {data['known'][0]['verdict'] if data['known'] else 'none'}"
    for line in told:
        under = f"With {yours.axis_called(dict(line.axis))}: " if line.axis else ""
        said = "; ".join(f"{verdict.upper()} on {on(kernels)}" for verdict, kernels in by_verdict(line))
        yield laid(f"{under}{said}{yours.marked(dict(line.axis))}")
    if row := like_here(told):
        where = "your kernel's series" if series(yours.release()) == row["series"] else f"nearest to your {yours.release()}"
        yield laid(f"On {row['series']} ({where}): {row['why']}")
        for said in row.get("besides", []):
            yield laid(f"Know this too: {said}")
        if row["verdict"] == REFUTED and claim["instead"]:
            yield laid(f"Instead: {claim['instead']}")


def by_verdict(line: Line) -> list[tuple[str, list[str]]]:
    """Groups neighbouring kernels that have one verdict, the oldest first."""
    found: list[tuple[str, list[str]]] = []
    for row in line.rows:
        if found and found[-1][0] == row["verdict"]:
            found[-1][1].append(row["series"])
        else:
            found.append((row["verdict"], [row["series"]]))
    return found


def on(kernels: Sequence[str]) -> str:
    """Lists kernels: "5.10, 6.1 and 6.12"."""
    return listed(list(dict.fromkeys(kernels)))


def like_here(told: Sequence[Line]) -> Row | None:
    """Gives the row that is most like this machine: of its settings, of its series or the newest that is older. Without one of
    its settings, that of the setting that comes first; only what decided."""
    chosen = [line for line in told if yours.is_here(dict(line.axis))] or list(told)
    for line in chosen:
        decided = {row["series"]: row for row in line.rows if row["verdict"] in DECIDED}
        if decided:
            return decided[yours.nearest_series(decided) or min(decided, key=list(decided).index)]
    return None


def document(question: str) -> dict[str, Any]:
    """Gives the answer as JSON has it."""
    found, hits = asked(question)
    rows = published()
    return {
        "question": question,
        "read_as": dict(found.read_as),
        "unknown": list(found.unknown),
        "here": {
            "kernel": yours.release(),
            **{name: yours.here(name) for name in ("lru", "thp", "swappiness", "overcommit", "page_size")},
        },
        "claims": [one(hit, rows) for hit in hits],
    }


def one(hit: Hit, rows: Sequence[Row]) -> Mapping[str, Any]:
    claim, experiment = catalogue.claim_entries()[hit.document.claim]
    told = history.of_claim(hit.document.claim, rows)
    nearest = like_here(told)
    return {
        "claim": hit.document.claim,
        "text": claim["data"]["text"],
        "section": claim["data"]["section"],
        "instead": claim["instead"],
        "experiment": experiment["data"]["experiment"],
        "question": experiment["data"]["question"],
        "score": round(hit.score, 2),
        "covers": round(hit.covers, 2),
        "answers": [
            {
                "kernel": row["kernel"],
                "series": row["series"],
                "settings": dict(line.axis),
                "verdict": row["verdict"],
                "known": row["known"],
                "why": row["why"],
                "besides": row.get("besides", []),
                "yours": yours.is_here(dict(line.axis)) or not line.axis,
                "nearest": row is nearest,
            }
            for line in told
            for row in line.rows
        ],
    }
