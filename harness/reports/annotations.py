"""Annotations as GitHub's runners read them from a job's output: an error for a surprise and for what broke, a warning for what
is undecided (docs.github.com, "Workflow commands for GitHub Actions": what is escaped, and how)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.claims.claim import UNDECIDED
from harness.printable import harmless
from harness.reports import cases
from harness.reports.cases import BROKEN, SURPRISE
from harness.verdicts.judged import Outcome

MOST = 10  # of a kind in a step: GitHub shows no more (docs.github.com, "Limits": 10 warnings and 10 errors)
LONGEST = 1000  # characters of a message
LEVELS = {SURPRISE: "error", BROKEN: "error", UNDECIDED: "warning"}


def message(text: str) -> str:
    """Escapes what a message would end at."""
    return harmless(" ".join(text.split()))[:LONGEST].replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """Escapes what the value of a property would end at."""
    return message(text).replace(":", "%3A").replace(",", "%2C")


def lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Gives the annotations of cells, the surprises first."""
    found = [(suite, case) for suite in cases.suites(outcomes) for case in suite.cases if case.kind in LEVELS]
    written = dict.fromkeys(LEVELS.values(), 0)
    for kind in LEVELS:
        for suite, case in found:
            if case.kind == kind and written[LEVELS[kind]] < MOST:
                written[LEVELS[kind]] += 1
                yield f"::{LEVELS[kind]} title={value(f'{case.name} on {suite.kernel}')}::{message(case.says)}"
