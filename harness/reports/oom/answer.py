"""OOMs of a log for a reader: on the terminal, as Markdown to paste, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from harness.linux import oom_report
from harness.linux.oom import Report
from harness.reports.oom import proofs
from harness.reports.oom.text import Told, who
from harness.reports.wording import code, counted, plain, wrapped

SCHEMA = 1
ROWS = 10  # tasks of a table for a reader: the ones that matter are at its top


def title(number: int, report: Report) -> str:
    """Names an OOM: its number, when, on which kernel."""
    when = f"{report.at / 1e6:,.3f} s after boot" if report.at is not None else report.stamp
    if report.at is not None and report.stamp and not report.stamp.replace(".", "").isdigit():
        when = f"{report.stamp} ({when})"
    of = "a group" if report.memcg else "the machine" if report.memcg is False else "not said of what"
    return f"OOM {number}: {of}" + (f", {when}" if when else "") + (f", Linux {report.release}" if report.release else "")


def summary(told: Sequence[Told]) -> str:
    """Says in a line what a log has."""
    reports = [one.report for one in told]
    text = f"{counted(len(told), 'OOM')}, {counted(sum(len(one.victims) for one in reports), 'kill')}"
    limited = sum(one.limited for one in reports)
    return text + (f"; of {limited} only the kill is in the log" if limited else "")


def lines(told: Sequence[Told]) -> Iterator[str]:
    """Gives the answer on the terminal."""
    for number, one in enumerate(told, 1):
        yield title(number, one.report)
        for heading, sentences in one.parts.items():
            yield f"  {heading}"
            for sentence in sentences:
                yield wrapped(sentence.text, "    ")
        proofs = _proofs(one)
        if proofs:
            yield "  What proves it (`invoke explain CLAIM`)"
            for claim, verdict in proofs.items():
                yield wrapped(f"{claim}: {verdict}", "    ")
        yield ""
    yield summary(told)


def _proofs(told: Told) -> dict[str, str]:
    """Lists the claims of an OOM's sentences, each once, with the published verdict."""
    claims = dict.fromkeys(claim for found in told.parts.values() for one in found for claim in one.claims)
    return {claim: proofs.verdict(claim, told.report.release, proofs.published()) for claim in claims}


def markdown(told: Sequence[Told]) -> str:
    """Writes a report to paste into an issue."""
    parts = [f"{summary(told)}.\n"]
    for number, one in enumerate(told, 1):
        parts.append(f"## {plain(title(number, one.report))}\n")
        for heading, sentences in one.parts.items():
            parts.append(f"**{heading}**\n")
            for sentence in sentences:
                proved = f" ({', '.join(map(code, sentence.claims))})" if sentence.claims else ""
                parts.append(f"- {plain(sentence.text)}{proved}")
            parts.append("")
        parts += _table(one)
        if proofs := _proofs(one):
            parts += ["| claim | published verdict |", "|---|---|"]
            parts += [f"| {code(claim)} | {plain(verdict)} |" for claim, verdict in proofs.items()]
            parts.append("")
    return "\n".join(parts)


def _table(told: Told) -> Iterator[str]:
    """Gives the candidates as a table: the highest, and the victim wherever it stands."""
    if told.ranking is None:
        return
    found = told.ranking.candidates
    shown = [one for place, one in enumerate(found) if place < ROWS or one.taken]
    yield "| task | score | resident | swapped | page tables | oom_score_adj | of it | |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for one in shown:
        score = "never" if one.score is None and one.adj == -1000 else "not known" if one.score is None else f"{one.score:,}"
        weight = f"{one.weight:,}" if one.score is not None else ""
        yield (
            f"| {plain(who(one.name, one.pid))} | {score} | {one.rss:,} | {one.swap:,} | {one.tables:,} | {one.adj} | {weight} "
            f"| {'killed' if one.taken else ''} |"
        )
    more = f", {len(found) - len(shown)} more tasks" if len(found) > len(shown) else ""
    yield f"\nIn pages of {told.ranking.page:,} bytes{more}.\n"


def document(told: Sequence[Told]) -> dict[str, Any]:
    """Gives everything as JSON. Sizes in KiB, scores in pages; what the log does not say is null."""
    reports = [one.report for one in told]
    heads, victims = oom_report.report_rows(reports), oom_report.victim_rows(reports)
    return {
        "schema": SCHEMA,
        "ooms": [
            {
                **head,
                "at_date": _date(one.report),
                "victims": [_own(row) for row in victims if row["report"] == number],
                "stat": one.report.stat,
                "zones": [{"node": zone.node, "zone": zone.name, **zone.sizes} for zone in one.report.zones],
                "machine": one.report.machine,
                "exiting": one.report.exiting,
                "unkillable": one.report.unkillable,
                "panic": one.report.panic,
                "ranking": None
                if one.ranking is None
                else {
                    "page": one.ranking.page,
                    "total": one.ranking.total,
                    "total_is_least": one.ranking.least,
                    "candidates": [{**vars(task), "used": task.used} for task in one.ranking.candidates],
                },
                "missing": [sentence.text for sentence in one.parts.get("What is missing", ())],
                "sentences": [
                    {"about": heading, "text": sentence.text, "claims": list(sentence.claims)}
                    for heading, found in one.parts.items()
                    for sentence in found
                ],
                "claims": _proofs(one),
            }
            for number, (head, one) in enumerate(zip(heads, told, strict=True), 1)
        ],
    }


def _own(row: dict[str, Any]) -> dict[str, Any]:
    """Keeps of a victim's row what is not its report's."""
    first = list(row).index("victim")
    return {name: value for place, (name, value) in enumerate(row.items()) if place >= first and name != "ended"}


def _date(report: Report) -> str | None:
    """Gives the time as ISO 8601, where the log has a date with a year."""
    if report.at is not None or report.seconds is None or report.seconds < 3e8:
        return None
    return datetime.fromtimestamp(report.seconds, timezone.utc).isoformat()


def table(told: Sequence[Told]) -> str:
    """Writes CSV, a row a victim, with the columns of oom_report.frame."""
    text = io.StringIO()
    columns = [name for name in oom_report.COLUMNS if name != "ended"]
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(oom_report.victim_rows([one.report for one in told]))
    return text.getvalue()
