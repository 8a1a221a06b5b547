"""The statements of the source text: as article.toml has them, and how they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from harness import catalogue
from harness.errors import LabError
from harness.evidence.schema import Row
from harness.reports.site import article
from harness.reports.site.article import Holds, Statement

HEAD = '[source]\ntitle = "t"\nabout = "a"\n'


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "article.toml").write_text(HEAD + text)
    return tmp_path / "article.toml"


def rows(**verdicts: str) -> dict[str, list[Row]]:
    """Makes rows of claims: the verdicts of each, one word a row."""
    return {
        claim.replace("_", "-"): [cast(Row, cast(Any, {"verdict": word})) for word in words.split()]
        for claim, words in verdicts.items()
    }


def test_every_id_is_a_claim_of_the_catalogue() -> None:
    known = catalogue.claims()
    missing = [
        f"{one.no}: {claim}"
        for one in article.read().statements
        for claim in (*one.claims, *one.against, *one.see)
        if claim not in known
    ]
    assert not missing


def test_a_statement_is_read(tmp_path: Path) -> None:
    text = '[[statements]]\nno = "1.1"\nsection = "RAM"\nstatement = "s"\nclaims = ["a", "b"]\nopen = "o"\n'
    found = article.read(written(tmp_path, text)).statements
    assert found == (Statement("1.1", "s", section="RAM", claims=("a", "b"), open="o"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[statements]]\nno = "1.1"\nstatement = "s"\n', "no claim"),
        ('[[statements]]\nno = "one"\nstatement = "s"\nopen = "o"\n', "no number"),
        ('[[statements]]\nno = "1.1"\nstatement = "s"\nclaim = ["a"]\n', "claim"),
        ('[[statements]]\nno = "1.1"\n', "statement"),
        (
            '[[statements]]\nno = "1.10"\nstatement = "s"\nopen = "o"\n[[statements]]\nno = "1.9"\nstatement = "s"\nopen = "o"\n',
            "not in order",
        ),
        (
            '[[statements]]\nno = "1.1"\nstatement = "s"\nopen = "o"\n[[statements]]\nno = "1.1"\nstatement = "s"\nopen = "o"\n',
            "each once",
        ),
        ("[[", "article.toml"),
    ],
)
def test_what_is_wrong_in_the_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LabError, match=said) as caught:
        article.read(written(tmp_path, text))
    assert "\n" not in str(caught.value)


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
def test_how_much_holds(claims: str, against: str, expected: Holds) -> None:
    statement = Statement("1", "s", claims=tuple(claims.split()), against=tuple(against.split()))
    found = rows(a="confirmed confirmed", b="refuted", c="confirmed refuted", d="undecided skipped")
    assert article.standing(statement, found) is expected
