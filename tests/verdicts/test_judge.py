"""What the judge says of evidence made by hand, word for word: each verdict, each reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.claims.claim import (
    CONFIRMED,
    RATE,
    REFUTED,
    SKIPPED,
    UNDECIDED,
    AtLeast,
    AtMost,
    Besides,
    Claim,
    Exactly,
    Expect,
    Experiment,
    Guard,
    Not,
    Premise,
    Within,
)
from harness.claims.limits import Limits
from harness.claims.quantities import Counter, Quantity, Recorded
from harness.claims.rates import Events, Every, MoreThan, NoMoreThan, NotEvery
from harness.evidence.recording import Recording, Trial
from harness.verdicts import judge
from harness.verdicts.judge import Verdict

MADE = Claim("made", "It is 10.", "made up")
OTHER = Claim("other", "It is 20.", "made up")
VALUE, TRUE, FALSE, LIMIT = (Recorded(name, "pages") for name in ("value", "true", "false", "limit"))
RECORDED = {"value": 10, "true": 10, "false": 0}


def recording(
    boot: str, status: str = "ok", reason: str = "", files: dict[str, str] | None = None, machine: str = "vm", **records: object
) -> Recording:
    """One arm: a sample “now” with these files, these records beside those that confirm, and how it ended."""
    return Recording(
        [
            {"event": "start", "machine": {"page_size": 4096, "boot": boot, "name": machine}},
            {"event": "sample", "name": "now", "files": files or {}},
            *({"event": "record", "name": name, "value": value} for name, value in {**RECORDED, **records}.items()),
            {"event": "end", "status": status, "reason": reason},
        ]
    )


def trial(number: int = 1, **made: Any) -> Trial:
    return Trial(number, {"": recording(f"boot-{number}", **made)})


def trials(*values: object) -> list[Trial]:
    """Trials with a boot of their own, in which `value` is this."""
    return [trial(number, value=value) for number, value in enumerate(values, 1)]


def skip(number: int, claim: str, reason: str) -> Trial:
    one = trial(number)
    one.arms[""].events.insert(1, {"event": "skip", "claim": claim, "reason": reason})
    return one


def expect(claim: Claim = MADE, quantity: Quantity = VALUE, **other: Any) -> Expect:
    return Expect(
        claim, quantity, **{"if_true": Exactly(10), "if_false": AtMost(9), "reads_true": TRUE, "reads_false": FALSE, **other}
    )


def experiment(*expects: Expect, **other: Any) -> Experiment:
    return Experiment(lambda lab: None, expects or (expect(),), **{"name": "made", "trials": 2, **other})


def found(evidence: Sequence[Trial], what: Experiment | None = None, **other: Any) -> tuple[str, str]:
    """The verdict on the only claim, and why."""
    (verdict,) = judge.judge(what or experiment(), evidence, **other)
    return verdict.verdict, verdict.why


def read(one: Expect, evidence: Trial, **other: Any) -> tuple[str | None, str]:
    reading = judge.read(one, evidence, **other)
    return reading.outcome, reading.why


# What one expectation says in one trial.


def test_a_reading_keeps_all_that_was_read() -> None:
    reading = judge.read(expect(), trial(value=7))
    assert (reading.value, reading.reads_true, reading.reads_false) == (7, 10, 0)
    assert (reading.if_true, reading.if_false) == (Limits(10, 10), Limits(None, 9))
    assert (reading.outcome, reading.why) == ("false", "")
    assert read(expect(), trial()) == ("true", "")


@pytest.mark.parametrize(
    ("one", "records", "why"),
    [
        (
            expect(if_true=Within(10, 20), if_false=AtMost(9)),
            {"value": 21},
            "“value” read 21, in neither 10 to 20 nor <= 9",
        ),
        (
            expect(),
            {"true": 9},
            "the reference “true” read 9 where it must read = 10 (“value” read 10)",
        ),
        (
            expect(),
            {"false": 10, "value": None},
            "the reference “false” read 10 where it must read <= 9 (“value” read nothing)",
        ),
        (expect(), {"true": None}, "the reference “true” was not read: the record “true” holds nothing"),
        (expect(), {"false": None, "value": 3}, "the reference “false” was not read: the record “false” holds nothing"),
        (expect(quantity=Recorded("values")), {}, "“values” was not read: there is no record “values”, but “value”"),
        (
            expect(if_true=Within(LIMIT, 20)),
            {"value": 10},
            "a bound of “value” is not in the evidence: there is no record “limit”",
        ),
        (
            expect(if_false=AtMost(Recorded("falsy"))),
            {},
            "a bound of “value” is not in the evidence: there is no record “falsy”, but “false”",
        ),
        (
            expect(if_true=AtLeast(TRUE / FALSE), if_false=AtMost(TRUE - 11)),
            {},
            "a bound of “value” is not in the evidence",
        ),
        (expect(if_true=AtLeast(LIMIT)), {"limit": 9}, "the ranges >= 9 and <= 9 overlap"),
    ],
)
def test_why_an_expectation_decides_nothing(one: Expect, records: dict[str, object], why: str) -> None:
    assert read(one, trial(**records)) == (None, why)


def test_no_reference_decides_a_claim_alone() -> None:
    """However the value stands, each reference is looked at."""
    for name, missed in (("true", 0), ("false", 10)):
        for value in (10, 0, None):
            assert read(expect(), trial(value=value, **{name: missed}))[0] is None


MOVES = Counter("meminfo:Cached", "now")
CACHED = {"meminfo": "Cached: 40 kB\n"}


@pytest.mark.parametrize(
    ("floor", "gap", "outcome"),
    [
        ({}, 1, "true"),
        ({"meminfo:Cached": 2}, 1, "true"),
        ({"meminfo:Cached": 4}, 1, None),
        ({"meminfo:Cached": 4}, 2, "true"),
        ({"meminfo:Cached": 12}, 2, None),
    ],
)
def test_noise_and_margin(floor: dict[str, int], gap: int, outcome: str | None) -> None:
    one = expect(quantity=MOVES, if_false=AtMost(10 - gap))
    says = (
        ""
        if outcome
        else f"“meminfo:Cached at “now”” moves by up to {floor['meminfo:Cached'] // 4} with nothing going on: "
        f"no less than the margin between = 10 and <= {10 - gap} ({gap})"
    )
    assert read(one, trial(files=CACHED), floor=floor) == (outcome, says)


def test_ranges_that_touch_are_no_reason_for_what_is_still() -> None:
    """A half, and any other number: between them lies nothing, and what no noise moves decides all the same."""
    one = expect(if_true=Exactly(0.5), if_false=Not(0.5))
    assert Limits(0.5, 0.5).distance(Limits(0.5, 0.5, outside=True)) == 0
    assert read(one, trial(value=0.5, true=0.5)) == ("true", "")


@pytest.mark.parametrize(("name", "if_true"), [(("made", "value"), Limits(11, None)), (("made", "other"), Limits(10, 10))])
def test_recorded_bounds_are_those_of_claim_and_quantity(name: tuple[str, str], if_true: Limits) -> None:
    reading = judge.read(expect(), trial(true=11), recorded={name: (Limits(11, None), Limits(None, 10))})
    assert reading.if_true == if_true
    assert reading.outcome == ("false" if if_true.low == 11 else None)


def test_recorded_bounds_of_ranges_that_can_not_be_read_any_more() -> None:
    one = expect(if_true=Within(LIMIT, 20))
    assert read(one, trial(), recorded={("made", "value"): (Limits(10, 20), Limits(None, 9))}) == ("true", "")


# What is said of what was not read.


@pytest.mark.parametrize(
    ("quantity", "says"),
    [
        (
            Counter("box/memory.max", "now"),
            "“box/memory.max at “now”” was not read: at “now” “box/memory.max” holds no number (box/memory.max: it reads 'max')",
        ),
        (
            Counter("meminfo:Cached", "now"),
            "“meminfo:Cached at “now”” was not read: at “now” “meminfo” has no number: there is no key “Cached” "
            "(meminfo:Cached: it reads 'Cached: -1 kB')",
        ),
        (
            Counter("meminfo:Cached", "now") + Counter("vmstat:pgfault", "now"),
            "“meminfo:Cached at “now” + vmstat:pgfault at “now”” was not read: at “now” “meminfo” has no number: there is no "
            "key “Cached” (meminfo:Cached: it reads 'Cached: -1 kB'; vmstat:pgfault: it reads 'pgfault 12x')",
        ),
        (
            Counter("meminfo:Shmem", "now"),
            "“meminfo:Shmem at “now”” was not read: at “now” “meminfo” has no number: there is no key “Shmem”",
        ),
    ],
)
def test_what_stands_there_instead_of_a_number(quantity: Quantity, says: str) -> None:
    files = {"meminfo": "Cached: -1 kB\n", "vmstat": "pgfault 12x\n", "box/memory.max": "max\n"}
    evidence = trial(files=files)
    Counter("vmstat:pgfault", "now").read(evidence)  # that another quantity was not read is another quantity's
    assert judge.unread_of(quantity, [trial(2, files={}), evidence][1:]) == says


def test_the_first_trial_that_lacks_it_tells() -> None:
    evidence = [trial(1, late=1), trial(2, lately=2), trial(3, lat=3)]
    assert judge.unread_of(Recorded("late"), evidence) == "“late” was not read: there is no record “late”, but “lately”"


def test_a_probe_that_was_killed_is_named_behind_what_is_missing() -> None:
    evidence = trial()
    killed = {"event": "operation", "operation": "fill", "text": "", "error": 0, "target": "box", "ended": 9}
    evidence.arms[""].events.insert(1, killed)
    said = "probe “box” was killed by signal 9 during fill"
    assert judge.unread_of(Recorded("xyz"), [evidence]) == f"“xyz” was not read: there is no record “xyz”; {said}"
    assert judge.unread_of(TRUE / FALSE, [evidence]) == f"“true / false” was not read: {said}"


def test_a_quantity_that_every_trial_has_is_said_to_lack_nothing() -> None:
    assert judge.unread_of(VALUE, trials(1, 2)) == "“value” was not read"
    assert judge.unread_of(TRUE / FALSE, trials(1)) == "“true / false” was not read"


# Trials, and what they come to together.


def test_a_claim_that_all_trials_confirm_or_refute() -> None:
    assert found(trials(10, 10)) == (CONFIRMED, "value: 10 pages (true: = 10).")
    assert found(trials(3, 4)) == (REFUTED, "value: 3 to 4 pages (true: = 10).")


def test_trials_that_disagree_are_named() -> None:
    assert found(trials(10, 3)) == (UNDECIDED, "the trials disagree: trial 1 true, trial 2 false")


def test_the_first_trial_that_decides_nothing_is_named() -> None:
    one = experiment(expect(if_true=Within(10, 20)))
    assert found(trials(10, 21), one) == (UNDECIDED, "trial 2: “value” read 21, in neither 10 to 20 nor <= 9")


@pytest.mark.parametrize(
    ("evidence", "planned", "why"),
    [
        (trials(10), 2, "1 of 2 trials are valid: the others are missing"),
        (trials(10), None, "1 of 3 trials are valid: the others are missing"),
        ([], 1, "0 of 1 trials are valid: the others are missing"),
        ([], 0, "0 of 3 trials are valid: the others are missing"),
        (
            [trial(1), trial(2, true=0)],
            2,
            "1 of 2 trials are valid: trial 2: true was 0, must be >= 1 (nothing else is known)",
        ),
        (
            [trial(1, true=None), trial(2, true=0)],
            2,
            "0 of 2 trials are valid: trial 1: the guard “true” was not read: the record “true” holds nothing; "
            "trial 2: true was 0, must be >= 1 (nothing else is known)",
        ),
    ],
)
def test_too_few_trials_that_say_something(evidence: list[Trial], planned: int | None, why: str) -> None:
    guard = Guard(TRUE, AtLeast(1), "nothing else is known")
    assert found(evidence, experiment(trials=3, guards=(guard,)), planned=planned) == (UNDECIDED, why)


def test_without_a_single_trial_nothing_follows_however_few_were_planned() -> None:
    premise = Premise(MADE, VALUE, AtLeast(11), "no value is above the mark")
    for none in (experiment(trials=0), experiment(trials=0, premises=(premise,))):
        assert found([], none) == (UNDECIDED, "0 of 0 trials are valid: the others are missing")


def test_a_guard_without_a_reason_and_one_whose_bound_was_not_read() -> None:
    assert judge.guarded([Guard(TRUE, Exactly(10), ""), Guard(VALUE, Exactly(3), "")], trial(5)) == (
        "trial 5: value was 10, must be = 3"
    )
    unread = judge.guarded([Guard(VALUE, AtLeast(LIMIT), "so")], trial())
    assert unread == "trial 1: the guard “value” was not read"
    assert judge.guarded([Guard(VALUE, Exactly(10), "so")], trial()) is None


def test_trials_of_one_boot_are_no_repeats() -> None:
    copies = [Trial(number, {"": recording("the same")}) for number in (1, 2)]
    assert found(copies) == (UNDECIDED, "trials 1 and 2 stem from one boot (the same): copies are no repeats")
    arms = [Trial(1, {"a": recording("one"), "b": recording("two")}), Trial(4, {"a": recording("three"), "b": recording("two")})]
    assert judge.of_one_boot(arms) == "trials 1 and 4 stem from one boot (two): copies are no repeats"
    assert judge.of_one_boot([Trial(1, {"a": recording("one"), "b": recording("one")})]) == ""
    hosts = [Trial(number, {"": recording("the host's", machine="local")}) for number in (1, 2)]
    assert judge.of_one_boot(hosts) == ""
    assert found(hosts)[0] == CONFIRMED


def test_a_recording_that_never_began_has_no_boot() -> None:
    assert judge.of_one_boot([Trial(1, {"": Recording([])}), trial(2)]) == ""


def test_one_expectation_refutes_and_all_confirm() -> None:
    """A second one that decides nothing leaves the claim open, however clear the first is."""
    both = experiment(expect(), expect(quantity=LIMIT, if_true=Exactly(5), if_false=Not(5), reads_true=VALUE - 5))
    assert found([trial(1, limit=5), trial(2, limit=5)], both)[0] == CONFIRMED
    assert found([trial(1, limit=5, value=9), trial(2, limit=5, value=9)], both)[0] == UNDECIDED
    refuted = [trial(number, limit=6) for number in (1, 2)]
    assert found(refuted, both) == (REFUTED, "limit: 6 pages (true: = 5).")
    assert found(trials(10, 10), both) == (UNDECIDED, "trial 1: “limit” was not read: there is no record “limit”")
    assert found(trials(3, 3), experiment(expect(), expect(quantity=LIMIT)))[0] == UNDECIDED


def test_each_claim_is_judged_by_its_own_expectations() -> None:
    both = experiment(expect(), expect(OTHER, if_true=Exactly(20), if_false=Not(20), reads_true=TRUE + 10))
    evidence = trials(10, 10)
    assert [(one.claim.id, one.verdict) for one in judge.judge(both, evidence)] == [("made", CONFIRMED), ("other", REFUTED)]


# What the machine lacks.


def test_trials_that_were_all_skipped() -> None:
    evidence = [trial(1, status="skipped", reason="there is no swap"), trial(2, status="skipped", reason="nor here")]
    what = experiment()
    assert judge.judge(what, evidence) == [Verdict(MADE, what, SKIPPED, "there is no swap", trials=2)]
    mixed = [trial(1, status="skipped", reason="there is no swap"), trial(2)]
    assert found(mixed) == (UNDECIDED, "1 of 2 trials are valid: the others are missing")


def test_a_skip_in_the_first_arm_is_one_of_the_trial() -> None:
    """The other arm is not run then; what broke beside it is no skip."""
    lacking = recording("one", status="skipped", reason="there is no swap")
    what = experiment(
        expect(reads_true=Recorded("true", arm="a"), quantity=Recorded("value", arm="a")), arms=("a", "b"), trials=1
    )
    assert found([Trial(1, {"a": lacking})], what) == (SKIPPED, "there is no swap")
    assert found([Trial(1, {"a": recording("one"), "b": lacking})], what) == (SKIPPED, "there is no swap")
    broken = recording("two", status="broken", reason="lost")
    assert found([Trial(1, {"a": lacking, "b": broken})], what) == (UNDECIDED, "0 of 1 trials are valid: the others are missing")
    absent = recording("three", status="absent", reason="no such setting")
    assert found([Trial(1, {"a": lacking, "b": absent})], what)[0] == UNDECIDED


def test_a_trial_that_lacks_an_arm_or_broke_does_not_count() -> None:
    reads = {
        "quantity": Recorded("value", arm="a"),
        "reads_true": Recorded("true", arm="a"),
        "reads_false": Recorded("false", arm="a"),
    }
    what = experiment(expect(**reads), arms=("a", "b"))

    def both(number: int, **made: Any) -> Trial:
        return Trial(number, {"a": recording(f"a-{number}"), "b": recording(f"b-{number}", **made)})

    assert found([both(1), both(2)], what)[0] == CONFIRMED
    assert judge.judge(what, [both(1), both(2)])[0].boots == 4
    few = (UNDECIDED, "1 of 2 trials are valid: the others are missing")
    assert found([both(1), Trial(2, {"a": recording("a-2")})], what) == few
    assert found([both(1), both(2, status="broken")], what) == few
    assert found([both(1), both(2, status="nobody knows this one")], what) == few


def test_a_claim_that_the_machine_lacks_something_for() -> None:
    what = experiment(trials=1)
    evidence = [skip(1, "made", "there is no zswap")]
    assert judge.judge(what, evidence) == [Verdict(MADE, what, SKIPPED, "there is no zswap", 1, 1, 1)]
    assert found([skip(1, "other", "there is no zswap")], what)[0] == CONFIRMED
    some = [trial(1), skip(2, "made", "there is no zswap")]
    assert found(some)[0] == CONFIRMED, "one trial's word is no word of all"
    few = [skip(1, "made", "there is no zswap")]
    assert found(few) == (UNDECIDED, "1 of 2 trials are valid: the others are missing")


def test_a_claim_that_is_skipped_says_which_trials_guards_made_invalid() -> None:
    what = experiment(trials=1, guards=(Guard(TRUE, AtLeast(1), "so"),))
    (verdict,) = judge.judge(what, [skip(1, "made", "there is no zswap"), trial(2, true=0)])
    assert (verdict.verdict, verdict.guards) == (SKIPPED, ["trial 2: true was 0, must be >= 1 (so)"])


def test_a_trial_that_broke_has_neither_guards_nor_a_boot() -> None:
    """It is an error of its own, however much of it was recorded."""
    what = experiment(trials=1, guards=(Guard(TRUE, AtLeast(1), "so"),))
    (verdict,) = judge.judge(what, [trial(1), trial(2, true=0, status="broken")])
    assert (verdict.verdict, verdict.boots, verdict.guards) == (CONFIRMED, 1, [])
    lacking = trial(1, status="skipped", reason="there is no swap")
    assert found([lacking, trial(2, status="broken")], what) == (SKIPPED, "there is no swap")


def test_a_premise_that_holds_nowhere_skips_its_claim_alone() -> None:
    premise = Premise(MADE, VALUE, AtLeast(11), "no value is above the mark")
    guard = Guard(TRUE, AtLeast(1), "so")
    what = experiment(premises=(premise,), guards=(guard,))
    evidence = [*trials(10, 10), trial(3, true=0)]
    missed = ["trial 3: true was 0, must be >= 1 (so)"]
    assert judge.judge(what, evidence) == [Verdict(MADE, what, SKIPPED, premise.why, 2, 2, 3, guards=missed)]
    assert found([trial(1), trial(2, value=12)], what) == (
        UNDECIDED,
        "trial 1: value was 10, must be >= 11 (no value is above the mark)",
    )
    unread = experiment(premises=(Premise(MADE, LIMIT, AtLeast(11), "so"),))
    assert found(trials(10, 10), unread) == (
        UNDECIDED,
        "trial 1: the premise “limit” was not read: there is no record “limit”",
    )
    bound = experiment(premises=(Premise(MADE, VALUE, AtLeast(LIMIT), "so"),))
    assert found(trials(10, 10), bound) == (UNDECIDED, "trial 1: the premise “value” was not read")
    assert found(trials(10, 10), experiment(premises=(Premise(OTHER, VALUE, AtLeast(11), "so"),)))[0] == CONFIRMED
    assert found(trials(10), what)[0] == UNDECIDED, "of too few trials no premise says anything"


def test_a_verdict_counts_trials_boots_and_guards() -> None:
    what = experiment(guards=(Guard(TRUE, AtLeast(1), "so"),))
    (verdict,) = judge.judge(what, [*trials(10, 10), trial(3, true=0)])
    assert (verdict.verdict, verdict.trials, verdict.valid, verdict.boots) == (CONFIRMED, 2, 2, 3)
    assert verdict.guards == ["trial 3: true was 0, must be >= 1 (so)"]
    assert verdict.quantities() == [{"name": "value", "unit": "pages", "if_true": "= 10", "if_false": "<= 9", "values": [10, 10]}]
    assert verdict.references() == [
        {"name": "true", "must": "true", "values": [10, 10]},
        {"name": "false", "must": "false", "values": [0, 0]},
    ]


def test_bounds_of_the_run_and_the_floor_reach_every_expectation() -> None:
    what = experiment(expect(quantity=MOVES))
    evidence = [trial(number, files=CACHED, true=11) for number in (1, 2)]
    assert found([trial(number, files=CACHED) for number in (1, 2)], what)[0] == CONFIRMED
    name = ("made", MOVES.name)
    assert found(evidence, what, recorded={name: (Limits(11, 11), Limits(None, 10))})[0] == REFUTED
    noisy = found([trial(number, files=CACHED) for number in (1, 2)], what, floor={"meminfo:Cached": 4})
    assert noisy[0] == UNDECIDED


# What else is to be known.


def besides(evidence: Sequence[Trial], claim: Claim = MADE) -> list[str]:
    one = Besides(claim, LIMIT, Not(100), "0 of {value} pages were its own.")
    (verdict,) = judge.judge(experiment(besides=(one,)), evidence)
    return verdict.besides


def test_what_else_was_measured_is_said_beside_a_verdict() -> None:
    """As it is read aloud, in pages of the machine; where its condition held in every trial, and of its own claim."""
    assert besides([trial(1, limit=7), trial(2, limit=9)]) == ["None of 7 to 9 pages were its own."]
    assert besides([trial(1, limit=512), trial(2, limit=512)]) == ["None of 2 MiB (512 pages) were its own."]
    assert besides([trial(1, limit=7, value=3), trial(2, limit=7, value=3)]) == ["None of 7 pages were its own."]
    assert besides([trial(1, limit=7), trial(2, limit=100)]) == []
    assert besides([trial(1, limit=7), trial(2)]) == []
    assert besides([trial(1, limit=7), trial(2, limit=7)], OTHER) == []
    assert besides([trial(1, limit=7), trial(2, limit=7, value=3)]) == [], "where nothing is decided"


def test_what_else_was_measured_reads_as_its_sentence_wants() -> None:
    one = Besides(MADE, LIMIT, AtMost(99), "it {value:is|is not} so{bound}")
    (verdict,) = judge.judge(experiment(besides=(one,)), [trial(1, limit=0), trial(2, limit=0)])
    assert verdict.besides == ["it is not so"]


# Rates: the events of all trials are one sample.

OFTEN = Claim("often", "It comes about in most rounds.", "made up", kind=RATE)
ALWAYS = Claim("always", "It comes about in every round.", "made up", kind=RATE)


def rounds(name: str) -> Events:
    """In how many of ten rounds it came about: the record has the number, or nothing."""

    def truths(one: Recording) -> list[bool] | None:
        count = one.records.get(name)
        return None if count is None else [number < count for number in range(10)]

    return Events(name, truths, 10, "rounds")


def rate(claim: Claim = OFTEN) -> Expect:
    if_true, if_false = (
        (MoreThan(0.5, 0.01, "beyond"), NoMoreThan(0.5, why="chance")) if claim is OFTEN else (Every("all"), NotEvery("one"))
    )
    return Expect(claim, rounds("value"), if_true, if_false, rounds("true"), rounds("false"))


def test_events_of_all_trials_are_judged_together() -> None:
    readings = judge.read_events(rate(), [trial(1, value=9), trial(2, value=8)], 2)
    assert [(one.value, one.reads_true, one.reads_false) for one in readings] == [(9, 10, 0), (8, 10, 0)]
    assert {(one.if_true, one.if_false) for one in readings} == {(Limits(16, None, events=20), Limits(None, 14, events=20))}
    assert {(one.outcome, one.why) for one in readings} == {("true", "")}


def test_more_trials_than_planned_are_more_events() -> None:
    assert judge.read_events(rate(), trials(9), 3)[0].if_true == Limits(22, None, events=30)
    assert judge.read_events(rate(), trials(9, 9, 9), 1)[0].if_true == Limits(22, None, events=30)


def test_recorded_bounds_of_a_rate_are_of_as_many_events() -> None:
    kept = {("often", "value"): (Limits(18, None), Limits(None, 17))}
    (first, _) = judge.read_events(rate(), trials(9, 8), 2, kept)
    assert (first.if_true, first.if_false) == (Limits(18, None, events=20), Limits(None, 17, events=20))
    assert first.outcome == "false"
    others = {("always", "value"): (Limits(18, None), Limits(None, 17)), ("often", "true"): (Limits(18, None), Limits(None, 17))}
    assert judge.read_events(rate(), trials(9, 8), 2, others)[0].if_true == Limits(16, None, events=20)


def test_a_rate_is_judged_again_by_the_bounds_of_the_run() -> None:
    what = experiment(rate())
    assert found(trials(9, 8), what)[0] == CONFIRMED
    kept = {("often", "value"): (Limits(18, None), Limits(None, 17))}
    assert found(trials(9, 8), what, recorded=kept)[0] == REFUTED


def test_a_rate_says_its_share_and_interval() -> None:
    what = experiment(rate())
    assert found(trials(7, 8), what) == (
        UNDECIDED,
        "“value” read 15 of 20 rounds (75 %; 95 % interval: 51 to 91 %), in neither >= 16 of 20 nor <= 14 of 20",
    )
    missed = [trial(1, value=9, false=9), trial(2, value=9, false=9)]
    assert found(missed, what) == (
        UNDECIDED,
        "the reference “false” read 18 of 20 rounds (90 %; 95 % interval: 68 to 99 %) where it must read <= 14 of 20 "
        "(“value” read 18 of 20 rounds (90 %; 95 % interval: 68 to 99 %))",
    )
    (verdict,) = judge.judge(what, trials(9, 9))
    assert verdict.verdict == CONFIRMED
    assert verdict.quantities()[0]["rate"] == {"count": 18, "events": 20, "low": 0.683, "high": 0.9877}


def test_a_trial_of_a_rate_whose_events_were_not_read() -> None:
    assert found([trial(1, value=10), trial(2, value=None)], experiment(rate(ALWAYS))) == (UNDECIDED, "“value” was not read")
