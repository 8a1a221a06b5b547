"""Contenders in turn, ratios of neighbours in time, limits."""

from __future__ import annotations

from harness.bench.comparison import Contender, Limit, Ratio, Row, Timing, interleave


def test_in_turn() -> None:
    calls: list[str] = []

    def contender(name: str) -> Contender:
        return Contender(name, lambda: calls.append(name) or [float(len(calls))])  # type: ignore[func-returns-value]

    ours, peer = interleave([contender("a"), contender("b")], 2, warm=1)
    assert calls == ["a", "b"] * 3
    assert ours.turns == ((3.0,), (5.0,)), "the warm turn does not count"
    assert peer.turns == ((4.0,), (6.0,))


def test_drift_cancels() -> None:
    """A machine that becomes ten times slower after the first turn changes the times, not the ratio."""
    ours, peer = Timing("a", ((1.0,), (10.0,))), Timing("b", ((2.0,), (20.0,)))
    assert Ratio.of(ours, peer).values == (0.5, 0.5)
    assert ours.as_json()["unstable"]


def test_limits() -> None:
    row = Row(
        "row",
        "what",
        "s",
        (Timing("a", ((1.0, 1.0),)), Timing("b", ((10.0,),))),
        limits=(Limit(0.5), Limit(1 / 8, "b"), Limit(2.0, "not here")),
        missing={"not here": "not installed"},
    )
    assert [limit["met"] for limit in row.as_json()["limits"]] == [False, True, None]


def test_spread() -> None:
    assert Timing("a", ((5.0,),)).spread == 0
    assert Timing("a", ((1.0, 2.0, 3.0), (4.0, 5.0))).spread == 2 / 3
