"""The ranges of a rate: each is an exact test, whatever the number of events."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from scipy.stats import binomtest

from harness import catalogue
from harness.claims.claim import MECHANISM, RATE, Claim, Exactly, Expect
from harness.claims.quantities import Recorded
from harness.claims.rates import Events, Every, MoreThan, NoMoreThan, NotEvery, Rate, declared

EVENTS = Events("rounds won", lambda recording: None, 12, "rounds")


@pytest.mark.parametrize("events", range(1, 80))
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_counts_that_are_more_than_chance(events: int, share: float) -> None:
    """The least such count is beyond the level, one fewer is not; it may be more than there are events."""
    least, most = MoreThan(share, 0.001, "why").ends(events)
    assert least is not None
    assert most is None
    assert least > events or binomtest(least, events, share, "greater").pvalue < 0.001
    assert binomtest(least - 1, events, share, "greater").pvalue >= 0.001


@pytest.mark.parametrize("events", range(1, 80))
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_counts_that_chance_explains(events: int, share: float) -> None:
    """The interval of the greatest such count reaches down to the share, that of one more does not."""
    least, most = NoMoreThan(share, why="why").ends(events)
    assert least is None
    assert most is not None
    assert Rate(most, events).interval[0] <= share
    assert most == events or Rate(most + 1, events).interval[0] > share


@pytest.mark.parametrize("events", range(1, 80))
def test_no_count_is_both(events: int) -> None:
    assert (NoMoreThan(0.5, why="why").ends(events)[1] or 0) < (MoreThan(0.5, 0.001, "why").ends(events)[0] or 0)


def test_known_numbers() -> None:
    """36 rounds; the interval of 22 of 50 as tables have it (Clopper and Pearson)."""
    assert MoreThan(0.5, 0.001, "why").ends(36) == (28, None)
    assert NoMoreThan(0.5, why="why").ends(36) == (None, 24)
    assert Every("why").ends(36) == (36, 36)
    assert NotEvery("why").ends(36) == (None, 35)
    assert Rate(22, 50).interval == pytest.approx((0.2999, 0.5875), abs=1e-4)
    assert Rate(0, 50).interval == pytest.approx((0, 0.0711), abs=1e-4)
    assert Rate(50, 50).interval == pytest.approx((0.9289, 1), abs=1e-4)


def test_few_events_refute_only_what_the_missing_ones_could_not_mend() -> None:
    """8 wins in 12 of 36 rounds, 67 %, once stood as a refutation. None in 12 is one: 24 of 36 are no more than chance."""
    fewer = NoMoreThan(0.5, 36, why="why")
    assert fewer.ends(36) == NoMoreThan(0.5, why="why").ends(36)
    assert fewer.ends(12) == (None, 0)
    assert fewer.ends(48) == NoMoreThan(0.5, why="why").ends(48)


@pytest.mark.parametrize(("kind", "ranges"), [(RATE, (Exactly(1), Exactly(0))), (MECHANISM, (Every(""), NotEvery("")))])
def test_a_rate_has_ranges_of_events_and_a_mechanism_has_none(kind: str, ranges: tuple[Exactly, Exactly]) -> None:
    with pytest.raises(ValueError, match="ranges of events belong to a rate"):
        Expect(Claim("made-up", "Made up.", "made up", kind=kind), EVENTS, *ranges, EVENTS, EVENTS)


@pytest.mark.parametrize("other", [Recorded("won"), Events("others", lambda recording: None, 11, "rounds")])
def test_a_rates_quantities_count_the_same_number_of_events(other: Recorded | Events) -> None:
    claim = Claim("made-up", "Made up.", "made up", kind=RATE)
    with pytest.raises(ValueError, match="the same number of events"):
        declared(Expect(claim, EVENTS, Every(""), NotEvery(""), replace(EVENTS, title="again"), other))


def test_the_catalogues_rates_fix_their_events() -> None:
    rates = [expect for one in catalogue.load().values() for expect in one.expects if expect.claim.kind == RATE]
    assert rates
    for expect in rates:
        assert declared(expect)[0] > 1, expect.claim.id


def test_a_catalogue_loads_no_scipy() -> None:
    code = "import sys; from harness import catalogue; catalogue.load(); print('scipy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
