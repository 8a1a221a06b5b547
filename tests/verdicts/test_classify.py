"""One answer to "is it a surprise?": the report, the reference, the terminal, JUnit, KTAP and the exit status agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness import errors
from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Known
from harness.cli import answer
from harness.reports import cases, junit, ktap, pages, step_summary
from harness.reports.comparison import history, index
from harness.reports.comparison import page as published
from harness.reports.wording import surprises
from harness.run.progress import Progress
from harness.verdicts.classify import Standing, classify, status
from harness.verdicts.judged import Judged
from tests.reports.made import CLAIM, EXPERIMENT, cell, trial

STANDINGS = {
    (CONFIRMED, CONFIRMED): Standing.AS_KNOWN,
    (CONFIRMED, REFUTED): Standing.SURPRISE,
    (CONFIRMED, None): Standing.UNKNOWN,
    (REFUTED, CONFIRMED): Standing.SURPRISE,
    (REFUTED, REFUTED): Standing.AS_KNOWN,
    (REFUTED, None): Standing.UNKNOWN,
    **{(UNDECIDED, known): Standing.UNDECIDED for known in (CONFIRMED, REFUTED, None)},
    **{(SKIPPED, known): Standing.SKIPPED for known in (CONFIRMED, REFUTED, None)},
}
STATUS = {Standing.SURPRISE: errors.SURPRISE, Standing.UNDECIDED: errors.SURPRISE, Standing.SKIPPED: errors.NOTHING_RAN}


def summary_of_the_report(judged: Judged) -> bool:
    text = pages.experiment_page(Path("run"), [judged.outcome], alone=True)
    assert ("**SURPRISE**" in text) == ("1 surprise among 1 prediction;" in text)
    return "SURPRISE" in text


def front_page_of_the_report(judged: Judged) -> bool:
    return "## Surprises" in pages.front_page(Path("run"), [judged.outcome], {}, None)


def section_of_the_report(judged: Judged) -> bool:
    return "SURPRISE" in pages.section_page(Path("run"), CLAIM.section, [judged.outcome])


def summary_of_a_step(judged: Judged) -> bool:
    return "## Surprises" in step_summary.render(Path("run"), [judged.outcome], Path("nowhere"))


def reference_table(judged: Judged) -> bool:
    return "known:" in index.word(judged.rows[0])


def reference_list(judged: Judged) -> bool:
    lines = [history.Line((), tuple(judged.rows))]
    assert bool(index.standing(lines, Standing.UNDECIDED)) == (classify(judged.rows[0]) is Standing.UNDECIDED)
    return bool(index.standing(lines, Standing.SURPRISE))


def reference_page(judged: Judged) -> bool:
    page = published.page(CLAIM, EXPERIMENT, [history.Line((), tuple(judged.rows))])
    return "SURPRISE" in str(page.verdicts())


def terminal(judged: Judged) -> bool:
    return "SURPRISE" in "\n".join(answer.lines(judged))


def end_on_the_terminal(judged: Judged) -> bool:
    return "Surprises: 1" in "\n".join(answer.ending([judged.outcome]))


def progress(judged: Judged) -> bool:
    return "SURPRISE" in Progress.line(judged)


def told_history(judged: Judged) -> bool:
    rows = [{**row, "run": "run"} for row in judged.rows]
    return ", known answer" in next(line for line in history.printed(CLAIM, rows) if line.endswith("[run]"))


def in_junit(judged: Judged) -> bool:
    root = ElementTree.fromstring(junit.render(cases.suites([judged.outcome])).encode())
    assert (root.find(".//*[@type='undecided']") is not None) == (classify(judged.rows[0]) is Standing.UNDECIDED)
    return root.find(".//*[@type='surprise']") is not None


def in_ktap(judged: Judged) -> bool:
    text = ktap.render(cases.suites([judged.outcome]))
    assert ("\n  not ok 1 made-up" in text) == (classify(judged.rows[0]) in {Standing.SURPRISE, Standing.UNDECIDED})
    return "but the known answer is" in text


TELLERS = (
    summary_of_the_report,
    front_page_of_the_report,
    section_of_the_report,
    summary_of_a_step,
    reference_table,
    reference_list,
    reference_page,
    terminal,
    end_on_the_terminal,
    progress,
    told_history,
    in_junit,
    in_ktap,
)


@pytest.mark.parametrize(("verdict", "known"), STANDINGS)
def test_everybody_says_the_same(verdict: str, known: str | None, tmp_path: Path) -> None:
    judged = cell(tmp_path, [trial()] * 3)
    judged.rows[0]["verdict"], judged.rows[0]["known"] = verdict, known
    standing = STANDINGS[verdict, known]
    assert classify(judged.rows[0]) is standing
    assert status(judged.rows, []) == STATUS.get(standing, errors.AS_KNOWN)
    said: dict[Callable[[Judged], bool], bool] = {tell: tell(judged) for tell in TELLERS}
    assert said == dict.fromkeys(TELLERS, standing is Standing.SURPRISE)


def test_what_broke_comes_first_and_a_claim_counts_alone(tmp_path: Path) -> None:
    rows = [*cell(tmp_path, [trial()] * 3).rows, *cell(tmp_path, [trial(kept=1)] * 3, name="other").rows]
    rows[1]["claim"] = "other"
    assert status(rows, [{"experiment": "made-up", "kernel": "6.12", "what": "guest lost"}]) == errors.BROKEN
    assert status(rows, []) == status(rows, [], "other") == errors.SURPRISE
    assert status(rows, [], CLAIM.id) == errors.AS_KNOWN


def test_what_was_measured_first_is_no_prediction() -> None:
    rows: list[Any] = [
        {"verdict": CONFIRMED, "known": CONFIRMED, "predicted": True},
        {"verdict": CONFIRMED, "known": REFUTED},  # of an older run, which does not tell
        {"verdict": CONFIRMED, "known": REFUTED, "predicted": False},
        {"verdict": CONFIRMED, "known": CONFIRMED, "predicted": False},
        {"verdict": UNDECIDED, "known": CONFIRMED, "predicted": True},
        {"verdict": CONFIRMED, "known": None, "predicted": None},
    ]
    assert surprises(rows) == "1 surprise among 2 predictions (2 more known answers were written after they had been measured)"
    assert Known(CONFIRMED, "mm/shmem.c, shmem_writeout (v6.12)").predicted
    assert not Known(CONFIRMED, "jemalloc(3); measured with 5.3.0").predicted
