"""junit.xml: a run as CI systems (GitLab, Jenkins, actions on GitHub) read test reports.

A suite for each experiment under each setting, in it a case for each claim: a failure (of the type "surprise" or
"undecided"), an error where the lab broke, skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from harness.claims.claim import SKIPPED
from harness.reports import cases
from harness.reports.cases import BROKEN, FAILURES, PASSED, Case, Suite


def counts(suites: Sequence[Suite]) -> dict[str, str]:
    """Gives the attributes that a suite and the whole have in common."""
    kinds = cases.tally(suites)
    return {
        "tests": str(kinds.total()),
        "failures": str(sum(kinds[kind] for kind in FAILURES)),
        "errors": str(kinds[BROKEN]),
        "skipped": str(kinds[SKIPPED]),
        "time": f"{sum(suite.seconds or 0 for suite in suites):.1f}",
    }


def enter(into: Element, suite: Suite, case: Case) -> None:
    """Enters a claim; the time of its experiment is shared evenly, since readers add up that of cases."""
    seconds = (suite.seconds or 0) / len(suite.cases)
    entry = SubElement(into, "testcase", name=case.name, classname=suite.name, time=f"{seconds:.2f}")
    if case.kind == PASSED:
        SubElement(entry, "system-out").text = case.says
    elif case.kind == SKIPPED:
        SubElement(entry, "skipped", message=case.says)
    else:
        kind = "error" if case.kind == BROKEN else "failure"
        SubElement(entry, kind, type=case.kind, message=case.says).text = case.says


def render(suites: Sequence[Suite]) -> str:
    whole = Element("testsuites", {"name": "folklab", **counts(suites)})
    for suite in suites:
        into = SubElement(whole, "testsuite", {"name": suite.name, "package": suite.section, **counts([suite])})
        properties = SubElement(into, "properties")
        for name, value in suite.properties:
            SubElement(properties, "property", name=name, value=value)
        for case in suite.cases:
            enter(into, suite, case)
    ElementTree.indent(whole)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(whole, encoding="unicode")}\n'
