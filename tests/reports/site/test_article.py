"""The statements of the source text: all of them are there, in order, and decided by claims that exist."""

from itertools import groupby, pairwise
from typing import Any, cast

import pytest

from harness import catalogue
from harness.evidence.schema import Row
from harness.reports.site.article import Holds, Statement, article, standing

# How many statements each section of each chapter has, counted in the source text.
COUNTS = {
    1: [5, 8],
    2: [3, 4, 4, 1, 2, 2, 1, 3, 1],
    3: [8, 3, 2, 3, 9, 9, 24, 3, 3, 3, 5, 12, 5],
    4: [4, 6, 3, 4],
    5: [2, 4, 5, 4, 3],
    6: [1, 4, 6, 2, 7, 11, 4, 2, 7, 9, 6, 6, 4, 6, 3, 4, 2, 4, 2, 3],
    7: [6],
}
UNDECIDABLE = ["1.1.1", "3.1.1", "3.12.10", "6.6.1", "6.9.1", "7.1.1"]


def undecided() -> list[str]:
    return [one.no for one in article().statements if one.open]


def test_all_statements_are_there_in_order() -> None:
    numbers = [one.no for one in article().statements]
    wanted = [
        f"{chapter}.{section}.{number}"
        for chapter, counts in COUNTS.items()
        for section, count in enumerate(counts, 1)
        for number in range(1, count + 1)
    ]
    assert numbers == wanted
    assert len(wanted) == 257


def test_every_claim_that_is_named_exists() -> None:
    named = {(one.no, claim) for one in article().statements for claim in one.named}
    assert not sorted((no, claim) for no, claim in named if claim not in catalogue.claims())


def test_a_statement_names_no_claim_twice() -> None:
    assert not [one.no for one in article().statements if len(set(one.named)) < len(one.named)]


def test_a_statement_has_claims_or_says_why_it_has_none() -> None:
    assert not [one.no for one in article().statements if bool(one.claims or one.against) == bool(one.open)]


def test_only_what_nothing_can_decide_is_open() -> None:
    assert undecided() == UNDECIDABLE


def test_what_is_about_old_kernels_is_decided_for_those_of_today() -> None:
    past = [one for one in article().statements if one.until]
    assert [one.no for one in past] == ["3.6.5", "3.6.6", "3.6.7", "3.6.8"]
    assert all(one.until in one.statement and one.claims for one in past)


def test_statements_are_sentences() -> None:
    def wrong(one: Statement) -> bool:
        return not one.statement.endswith((".", "?")) or one.statement != " ".join(one.statement.split())

    assert not [one.no for one in article().statements if wrong(one)]
    texts = [one.statement for one in article().statements]
    assert len(set(texts)) == len(texts)


def test_chapters_and_sections_have_titles() -> None:
    found = article()
    assert list(found.chapters) == list(dict.fromkeys(one.chapter for one in found.statements))
    by_section = groupby(found.statements, key=lambda one: one.no.rsplit(".", 1)[0])
    titles = [(number, {one.section for one in group}) for number, group in by_section]
    assert all(len(title) == 1 and all(title) for _, title in titles)
    assert all(one != other for (_, one), (_, other) in pairwise(titles))


def rows(**verdicts: str) -> dict[str, list[Row]]:
    """Makes rows of claims: the verdicts of each, one word a row."""
    return {claim: [cast(Row, cast(Any, {"verdict": word})) for word in words.split()] for claim, words in verdicts.items()}


@pytest.mark.parametrize(
    ("claims", "against", "expected"),
    [
        ("a", "", Holds.HOLDS),
        ("b", "", Holds.NOT),
        ("a b", "", Holds.PARTLY),
        ("c", "", Holds.PARTLY),
        ("", "b", Holds.HOLDS),
        ("", "a", Holds.NOT),
        ("a", "a", Holds.PARTLY),
        ("d", "", Holds.OPEN),
        ("nowhere", "", Holds.OPEN),
        ("a d", "", Holds.HOLDS),
    ],
)
def test_how_much_of_a_statement_holds(claims: str, against: str, expected: Holds) -> None:
    statement = Statement("1.1.1", "Section", "Statement.", tuple(claims.split()), tuple(against.split()), see=("b",))
    found = rows(a="confirmed confirmed", b="refuted", c="confirmed refuted", d="undecided skipped")
    assert standing(statement, found) is expected
