"""summary.md: what a run of CI has to say first, within what the step summary of GitHub holds. Never cut within a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.claims.claim import SKIPPED
from harness.errors import LabError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.reports import pages
from harness.reports.comparison.rows import REFERENCE
from harness.reports.markdown import summary
from harness.reports.pages import Entry
from harness.reports.wording import counted, near, plain
from harness.verdicts.classify import Standing
from harness.verdicts.judged import Outcome

# Bytes. GitHub shows a step summary of 1 MiB at most, and nothing of a larger one; other steps of the job may write too.
ROOM = 900_000
MORE = 200  # bytes that are kept for the line that says what was left out


def render(run: Path, outcomes: Sequence[Outcome], reference: Path = REFERENCE, room: int = ROOM) -> str:
    """Writes the summary: whole lines, as many as there is room for, the most important first."""
    blocks = [
        (f"# Run {plain(run.name)}\n\n{plain(summary(outcomes))}\n", [], ""),
        *((title, lines, "") for title, lines in attention(outcomes, reference)),
        *(section(listed.section, outcomes) for listed in pages.index(outcomes)),
    ]
    text, size, left = "", 0, 0
    for head, lines, rule in blocks:
        if size + len(head.encode()) + len(rule.encode()) + MORE > room:
            left += len(lines)
            continue
        part = f"{head}\n{rule}"
        for number, line in enumerate(lines):
            if size + len((part + line).encode()) + MORE > room:
                left += len(lines) - number
                break
            part += line
        text += f"{part}\n" if lines else part
        size = len(text.encode())
    if left:
        text += f"{counted(left, 'more line')} did not fit in here: report.md of the run has all of them.\n"
    return text


def attention(outcomes: Sequence[Outcome], reference: Path) -> Iterator[tuple[str, list[str]]]:
    """Yields what to look at first: errors, surprises, undecided claims, and what is otherwise than in the reference."""
    errors = [
        f"- {plain(one['experiment'])} on {plain(one['kernel'])}: {plain(near(one['what']))}\n"
        for each in outcomes
        for one in each.failures
    ]
    parts = [
        ("Errors", errors),
        (
            "Surprises",
            [
                f"{line(one)}, known {one.row['known']}: {plain(one.row['why'])}\n"
                for one in pages.standing(outcomes, Standing.SURPRISE)
            ],
        ),
        ("Undecided", [f"{line(one)}: {plain(one.row['why'])}\n" for one in pages.standing(outcomes, Standing.UNDECIDED)]),
        (
            "Otherwise than in the reference",
            [f"{line(one)}, published {was}: {plain(one.row['why'])}\n" for one, was in since(outcomes, reference)],
        ),
    ]
    for title, lines in parts:
        if lines:
            yield f"## {title}\n", lines


def line(one: Entry) -> str:
    return f"- {plain(one.row['claim'])} **{one.row['verdict']}** ({plain(one.where)})"


def since(outcomes: Sequence[Outcome], reference: Path) -> list[tuple[Entry, str]]:
    """Lists verdicts that are not those of the reference on the same kernel series under the same setting, with its verdict."""
    try:
        published = run_directory.read_verdicts(reference)["verdicts"] if (reference / "verdicts.json").exists() else []
    except LabError:
        return []  # what compares with it says what is wrong with it
    by_claim: dict[tuple[str, str], list[Row]] = {}
    for row in published:
        by_claim.setdefault((row["claim"], row["series"]), []).append(row)
    found = []
    for one in pages.entries_of(outcomes):
        axis = one.outcome.cell["axis"]
        same = [
            row["verdict"]
            for row in by_claim.get((one.row["claim"], one.row["series"]), [])
            if all(row["settings"].get(name) == value for name, value in axis.items())
        ]
        if same and one.row["verdict"] not in same and SKIPPED not in {one.row["verdict"], *same}:
            found.append((one, same[0]))
    return found


def section(name: str, outcomes: Sequence[Outcome]) -> tuple[str, list[str], str]:
    """Gives the table of a section over the kernels: its heading, its lines, and the table's own head."""
    kernels = pages.kernels_of(outcomes)
    found = [one for one in pages.lines_of(outcomes, kernels) if one.claim.section == name]
    head = f"| claim | setting | {' | '.join(map(plain, kernels))} |\n|---|---|{'---|' * len(kernels)}\n"
    lines = [f"| {plain(one.claim.id)} | {plain(one.setting)} | {' | '.join(one.words)} |\n" for one in found]
    return f"## {plain(name)}\n", lines, head
