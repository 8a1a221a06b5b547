"""Small claims and tables of them, on evidence made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims import names
from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Claim, Exactly
from harness.claims.outcomes import Errno
from harness.claims.small import Case, Small, table
from harness.evidence import run_directory
from harness.evidence.recording import read_trials
from harness.false_evidence.made import Made, cases, write_run
from harness.lab.lab import Lab
from harness.verdicts import judge

ONE, OTHER = Claim("one", "It is 1.", "made up"), Claim("other", "It is refused with 5.", "made up")


def nothing(lab: Lab, at: str) -> None:
    raise AssertionError("evidence made by hand runs nothing")


ASKED, TRUE, FALSE = (Case(words, nothing) for words in ("as asked", "where it is", "where it is not"))
ROWS = (
    Small(ONE, "number", ASKED, TRUE, FALSE, Exactly(1, "one"), Exactly(0, "none"), unit="numbers"),
    Small(OTHER, "errno", ASKED, TRUE, FALSE, Exactly(5, "five"), Exactly(0, "taken"), of=Errno, key="first"),
    Small(OTHER, "errno", ASKED, TRUE, FALSE, Exactly(5, "five"), Exactly(0, "taken"), of=Errno, key="second"),
)
TABLE = replace(table(*ROWS, trials=2), name="made", question="Made?")
GOOD = Made(records=cases("one", 1, 1, 0), outcomes={**cases("other.first", 5, 5, 0), **cases("other.second", 5, 5, 0)})


def verdicts(directory: Path, *trials: Made) -> dict[str, tuple[str, str]]:
    run = write_run(directory, TABLE, list(trials), {})
    found = judge.judge(TABLE, read_trials(run_directory.cell_directory(run, "made")))
    return {one.claim.id: (one.verdict, one.why) for one in found}


def test_each_row_is_an_expectation_with_its_references() -> None:
    first = TABLE.expects[0]
    assert (first.quantity.name, first.quantity.unit) == ("number as asked", "numbers")
    assert (first.reads_true.name, first.reads_false.name) == ("number where it is", "number where it is not")
    assert [expect.claim for expect in TABLE.expects] == [ONE, OTHER, OTHER]
    assert TABLE.rate == 0


def test_a_row_hands_on_the_reasons_that_its_expectation_gives() -> None:
    row = replace(ROWS[0], slack="it comes in steps", reference_why="there is no other")
    assert (row.expect().slack, row.expect().reference_why) == ("it comes in steps", "there is no other")
    assert (ROWS[0].expect().slack, ROWS[0].expect().reference_why) == ("", "")


def test_rows_are_judged_by_themselves(tmp_path: Path) -> None:
    assert {name: verdict for name, (verdict, _) in verdicts(tmp_path / "good", GOOD, GOOD).items()} == {
        "one": CONFIRMED,
        "other": CONFIRMED,
    }
    refuted = GOOD.but(outcomes={"other.second.asked": 0})
    assert verdicts(tmp_path / "bad", refuted, refuted)["other"][0] == REFUTED
    missed = GOOD.but(records={"one.true": 0})
    assert verdicts(tmp_path / "missed", missed, missed)["one"][0] == UNDECIDED
    assert verdicts(tmp_path / "missed also", missed, missed)["other"][0] == CONFIRMED


def test_a_row_is_skipped_by_itself(tmp_path: Path) -> None:
    lacking = GOOD.but(skips={"one": "this kernel has no such file"})
    assert verdicts(tmp_path / "both", lacking, lacking) == {
        "one": (SKIPPED, "this kernel has no such file"),
        "other": verdicts(tmp_path / "good", GOOD, GOOD)["other"],
    }
    without = Made(outcomes=GOOD.outcomes, skips={"one": "this kernel has no such file"})
    assert verdicts(tmp_path / "one of two", without, GOOD)["one"][0] == UNDECIDED


def test_what_a_skipped_row_lacks_is_not_misspelt(tmp_path: Path) -> None:
    """Its other cases may have been read already, under names that differ little from the one that is missing."""
    long = Claim("a-claim-of-many-words", "It is 1.", "made up")
    found = replace(table(replace(ROWS[0], claim=long), trials=1), name="made", question="Made?")
    read = Made(records={f"{long.id}.true": 1, f"{long.id}.false": 0})
    for name, made, wrong in (("missing", read, True), ("skipped", read.but(skips={long.id: "there is none"}), False)):
        run = write_run(tmp_path / name, found, [made], {})
        (trial,) = read_trials(run_directory.cell_directory(run, "made"))
        assert (names.misspelt(found, trial) is not None) == wrong


@pytest.mark.parametrize("which", ["asked", "true", "false"])
def test_a_case_that_was_not_read(tmp_path: Path, which: str) -> None:
    renamed = {("one.other" if name == f"one.{which}" else name): value for name, value in GOOD.records.items()}
    verdict, why = verdicts(tmp_path / "run", *[replace(GOOD, records=renamed)] * 2)["one"]
    assert verdict == UNDECIDED
    assert f"there is no record “one.{which}”" in why
