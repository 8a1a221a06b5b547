"""What is told of mutants."""

from __future__ import annotations

from harness.faults import mutation

RESULTS = {f"harness.verdicts.judge.x_read__mutmut_{number}": "killed" for number in range(1, 10)}
LIVES = "harness.verdicts.judge.x_read__mutmut_10"


def test_nine_of_ten_are_enough_if_the_tenth_has_a_reason() -> None:
    shown = mutation.told({**RESULTS, LIVES: "survived"}, {LIVES: "it only words a message"}, 90)
    assert shown.holds
    assert shown.said == "9 of 10 killed (90.0 %)"
    assert not mutation.told({**RESULTS, LIVES: "survived"}, {LIVES: "so"}, 91).holds


def test_one_that_lives_without_a_reason_is_named() -> None:
    shown = mutation.told({**RESULTS, LIVES: "no tests"}, {}, 90)
    assert not shown.holds
    assert LIVES in shown.said


def test_no_mutants_show_nothing() -> None:
    assert not mutation.told({}, {}, 90).holds


def test_what_mutmut_prints_is_read() -> None:
    said = f"⠋ Generating\n    {LIVES}: survived\n    harness.claims.quantities.xǁCombinedǁread__mutmut_3: not checked\n"
    assert mutation.NAMED.findall(said)[0] == (LIVES, "survived")
    assert len(mutation.NAMED.findall(said)) == 2


def test_every_reason_is_one() -> None:
    assert all(reason.strip() for reason in mutation.accepted().values())
