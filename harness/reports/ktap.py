"""ktap.txt: a run as the kernel's own tests report (Documentation/dev-tools/ktap.rst, v6.12).

A subtest for each experiment under each setting, in it a test for each claim: "not ok" for a surprise and what is
undecided, "# ERROR" where the lab broke, "# SKIP" with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.claims.claim import SKIPPED
from harness.reports import cases
from harness.reports.cases import BROKEN, FAILURES, PASSED, Case, Suite

VERSION = "KTAP version 1"
INDENT = "  "


def described(text: str) -> str:
    """Gives a test's name: "#" would begin a directive."""
    return text.replace("#", "")


def result(number: int, case: Case) -> Iterator[str]:
    """Writes a result, its diagnostics before it: they come before the line that they belong to."""
    if case.kind == SKIPPED:
        yield f"ok {number} {described(case.name)} # SKIP {case.says}"
        return
    yield f"# {case.says}"
    yield f"{'ok' if case.kind == PASSED else 'not ok'} {number} {described(case.name)}" + (
        " # ERROR" if case.kind == BROKEN else ""
    )


def subtest(number: int, suite: Suite) -> Iterator[str]:
    kinds = cases.tally([suite])
    yield INDENT + VERSION
    yield f"{INDENT}# Subtest: {suite.name}"
    yield f"{INDENT}1..{len(suite.cases)}"
    for at, case in enumerate(suite.cases, 1):
        for line in result(at, case):
            yield INDENT + line
    good = not kinds[BROKEN] and not any(kinds[kind] for kind in FAILURES)
    skipped = " # SKIP" if suite.cases and kinds[SKIPPED] == len(suite.cases) else ""
    yield f"{'ok' if good else 'not ok'} {number} {described(suite.name)}{skipped}"


def render(suites: Sequence[Suite]) -> str:
    kinds = cases.tally(suites)
    lines = [VERSION, f"1..{len(suites)}"]
    for number, suite in enumerate(suites, 1):
        lines += subtest(number, suite)
    failed = sum(kinds[kind] for kind in FAILURES)
    lines.append(f"# Totals: pass:{kinds[PASSED]} fail:{failed} xfail:0 xpass:0 skip:{kinds[SKIPPED]} error:{kinds[BROKEN]}")
    return "\n".join(lines) + "\n"
