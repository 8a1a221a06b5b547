"""How numbers read."""

from __future__ import annotations

import pytest

from harness.claims.claim import CONFIRMED, RATE, REFUTED, AtMost, Claim, Exactly, Expect
from harness.claims.limits import Limits, human, show
from harness.claims.quantities import Recorded
from harness.claims.rates import Events, Every, NotEvery, Rate
from harness.evidence.recording import Number
from harness.verdicts.pooled import pooled, total
from harness.verdicts.reading import Reading
from harness.verdicts.wording import common, count, merged, percent, phrase, reference_phrase, sentence, spread, told_aloud


@pytest.mark.parametrize(
    ("value", "machine", "people"),
    [
        (10080, "10080", "10,080"),
        (10080.0, "10080", "10,080"),
        (10080.5, "10080.5", "10,080.5"),
        (1234567.25, "1234567.2", "1,234,567.2"),
        (0.012345678, "0.0123457", "0.01235"),
        (float("inf"), "inf", "inf"),
        (-3.0, "-3", "-3"),
    ],
)
def test_no_number_is_a_power_of_ten(value: Number, machine: str, people: str) -> None:
    assert (show(value), human(value)) == (machine, people)


def test_what_trials_have_in_common_is_said_once() -> None:
    assert common(["= 10", "= 10"]) == "= 10"
    assert common(["= 10", "= 11", "= 10"]) == "= 10 | = 11"
    assert common(iter([])) == ""


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([7, 7, 7], "7"),
        ([9, 7, None, 8], "7 to 9"),
        ([None, 7], "7"),
        ([12_345, 0.5], "0.5 to 12,345"),
        ([None, None], "nothing"),
        ([], "nothing"),
    ],
)
def test_a_spread_is_from_the_least_to_the_most(values: list[Number | None], said: str) -> None:
    assert spread(values) == said


def test_a_spread_in_other_words() -> None:
    assert spread([1, 2], lambda value: f"<{value}>") == "<1> to <2>"
    assert spread([2, 2], lambda value: f"<{value}>") == "<2>"
    assert spread([None], nothing="not read") == "not read"


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0"),
        (1, "100"),
        (0.004, "0.4"),
        (0.01, "1.0"),
        (0.011, "1"),
        (0.5, "50"),
        (0.989, "99"),
        (0.99, "99.0"),
        (0.996, "99.6"),
    ],
)
def test_no_share_is_rounded_to_none_or_all(share: float, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(999.96, "1,000"), (-999.0625, "-999.1"), (1000.5, "1,000.5"), (-1000.25, "-1,000.2"), (1e15, "1,000,000,000,000,000.0")],
)
def test_small_numbers_have_four_digits_and_large_ones_a_tenth(value: float, said: str) -> None:
    assert human(value) == said


def test_a_count_has_its_share_and_interval() -> None:
    assert count(Rate(1200, 2400), "rounds") == "1,200 of 2,400 rounds (50 %; 95 % interval: 48 to 52 %)"
    assert count(Rate(36, 36), "rounds") == "36 of 36 rounds (100 %; 95 % interval: 90 to 100 %)"


ONE, OTHER = Claim("one", "It is 10.", "made up"), Claim("often", "It comes about.", "made up", kind=RATE)
RANGES = Limits(10, 12), Limits(None, 9)


def reading(value: Number | None, outcome: str | None = "true", if_true: Limits | None = RANGES[0]) -> Reading:
    return Reading(value, 10, 0, if_true, RANGES[1], outcome)


def expect(name: str = "value", unit: str = "pages", says: str = "") -> Expect:
    return Expect(ONE, Recorded(name, unit), Exactly(10), AtMost(9), Recorded("true"), Recorded("false"), says)


@pytest.mark.parametrize(
    ("one", "readings", "said"),
    [
        (expect(), [reading(10), reading(10)], "value: 10 pages (true: 10 to 12)."),
        (expect(unit=""), [reading(10), reading(11)], "value: 10 to 11 (true: 10 to 12)."),
        (expect(), [reading(None)], "value: nothing pages (true: 10 to 12)."),
        (expect(), [reading(1), reading(1, if_true=Limits(5, 5))], "value: 1 pages (true: 10 to 12 | = 5)."),
        (expect(says="Of {bound} pages {value} were kept."), [reading(1200)], "Of 12 pages 1,200 were kept."),
        (expect(says="Of {bound} {value}."), [reading(1, if_true=Limits(1, None))], "Of nothing 1."),
        (expect(says="Of {bound} {value}."), [reading(1, if_true=None)], "Of nothing 1."),
        (expect(says="Of {bound} {value}."), [], "Of nothing nothing."),
    ],
)
def test_a_phrase_has_the_numbers(one: Expect, readings: list[Reading], said: str) -> None:
    assert phrase(one, readings) == said


def test_what_decided_is_said_and_nothing_else() -> None:
    """Of a refuted claim the expectations that every trial contradicts; of a confirmed one all of them."""
    kept, gone = (expect("kept"), [reading(10), reading(10)]), (expect("gone"), [reading(3, "false"), reading(4, "false")])
    mixed = (expect("mixed"), [reading(10), reading(3, "false")])
    assert sentence([kept, gone, mixed], REFUTED, 4096) == "gone: 3 to 4 pages (true: 10 to 12)."
    assert sentence([kept, kept], CONFIRMED, 4096) == "kept: 10 pages (true: 10 to 12). kept: 10 pages (true: 10 to 12)."
    assert sentence([kept, gone, mixed], CONFIRMED, 4096) == "kept: 10 pages (true: 10 to 12)."
    assert sentence([mixed], REFUTED, 4096) == "mixed: 3 to 10 pages (true: 10 to 12)."


def test_the_first_sentence_begins_as_one_and_numbers_are_read_aloud() -> None:
    kept = (expect(says="on this machine 0 of {bound} pages stayed."), [reading(0), reading(0)])
    assert sentence([kept], CONFIRMED, 4096) == "On this machine none of 12 pages stayed."


def test_sentences_are_merged_at_a_colon_but_never_in_an_interval() -> None:
    alike = ["Of a clean file: all of it stayed.", "Of a dirty one: all of it stayed."]
    assert merged(alike) == ["Of a clean file; of a dirty one: all of it stayed."]
    rates = [f"{more} swapped more in 36 of 36 rounds (100 %; 95 % interval: 90 to 100 %)." for more in ("60", "100")]
    assert merged(rates) == rates


def test_a_number_of_a_unit_with_names_is_said_by_its_name() -> None:
    refused = [Reading(12, 12, 0, *RANGES, "true"), Reading(12, 12, 0, *RANGES, "true")]
    assert phrase(expect(unit="errno"), refused) == "value: ENOMEM (true: 10 to 12)."
    assert phrase(expect(says="It was {value:answer}."), refused) == "It was refused with ENOMEM."
    assert reference_phrase(expect(unit="errno"), refused) == (
        "Controls: false: no error (so a false claim reads); true: ENOMEM (so a true one reads)."
    )


def rate(says: str = "") -> Expect:
    names = ("value", "true", "false")
    value, true, false = (Events(name, lambda one: None, 10, "rounds") for name in names)
    return Expect(OTHER, value, Every("all"), NotEvery("one"), true, false, says)


def counted(*values: Number | None) -> list[Reading]:
    limits = Limits(20, 20, events=20), Limits(None, 19, events=20)
    return [Reading(value, 10, 1, *limits, "true") for value in values]


def test_a_rate_is_said_of_all_trials_together() -> None:
    assert phrase(rate(), counted(9, 10)) == "value: 19 of 20 rounds (95 %; 95 % interval: 75 to 99.9 %) (true: = 20 of 20)."
    assert phrase(rate("In {value}."), counted(10, 10)) == "In 20 of 20 rounds (100 %; 95 % interval: 83 to 100 %)."
    assert phrase(rate("In {value:times}."), counted(1, 1)) == "In 2 of 20 rounds (10 %; 95 % interval: 1 to 32 %)."
    assert phrase(rate(), counted(9, None)) == "value: 9 rounds (true: = 20 of 20)."


def test_the_count_of_a_rate_stays_one_of_so_many() -> None:
    """What stands behind it is its share; of a mechanism "none" says it all."""
    assert told_aloud(rate("{value}."), counted(0, 0)) == "0 of 20 rounds (0 %; 95 % interval: 0 to 17 %)."
    assert told_aloud(expect(says="{value} of 20 pages."), [reading(0)]) == "None of 20 pages."
    assert told_aloud(expect(says="{value} pages."), [reading(0)]) == "No pages."


def test_references_are_said_in_one_line() -> None:
    assert reference_phrase(expect(), [Reading(5, 11, 0, *RANGES, "true"), Reading(5, 12, 1, *RANGES, "true")]) == (
        "Controls: false: 0 to 1 (so a false claim reads); true: 11 to 12 (so a true one reads)."
    )
    assert reference_phrase(rate(), counted(5, 6)) == (
        "Controls: false: 2 of 20 rounds (10 %; 95 % interval: 1 to 32 %) (so a false claim reads); "
        "true: 20 of 20 rounds (100 %; 95 % interval: 83 to 100 %) (so a true one reads)."
    )


def test_events_are_pooled_of_a_rate_that_every_trial_has() -> None:
    assert total([3, 4, 0]) == 7
    assert total([3, None]) is None
    assert total([]) == 0
    assert pooled(counted(9, 10)) == Rate(19, 20)
    assert pooled(counted(9, 10), lambda one: one.reads_false) == Rate(2, 20)
    assert pooled(counted(9, None)) is None
    assert pooled([reading(9)]) is None
    assert pooled([reading(9, if_true=None)]) is None
    assert pooled([]) is None
