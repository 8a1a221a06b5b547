"""Who may work next, of guests that work or wait: without a clock, a file or a process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.machine.turns import GATHERING, Ticket, admitted

MANY = 1000  # of one run at once: as many as it likes


def tickets(text: str, run: str = "run", at_once: int = MANY) -> list[Ticket]:
    """Tickets in the order in which they came: O and Q work, ordinary and quiet, o and q wait."""
    return [
        Ticket(number, number, str(number), run, at_once, quiet=letter in "Qq", works=letter.isupper())
        for number, letter in enumerate(text)
    ]


def entering(text: str, processors: int = 2, now: int = 0) -> str:
    """Gives the kinds of those that may enter, with their places in the line."""
    return " ".join(f"{'q' if one.quiet else 'o'}{one.who}" for one in admitted(tickets(text), processors, now))


@pytest.mark.parametrize(
    ("text", "enter"),
    [
        ("", ""),
        ("ooooo", "o0 o1 o2 o3"),  # two for each processor
        ("OOOo", "o3"),
        ("OOOOo", ""),
        ("qqq", "q0 q1"),  # one for each processor
        ("Qqq", "q1"),
        ("QQq", ""),
        ("Oq", ""),  # one quiet waits for the other to end; and for another quiet one, so that an ordinary one enters
        ("Oqo", "o2"),
        ("Oqqo", ""),  # two quiet ones are as many as processors: it is their turn
        ("qo", "q0"),  # where nobody works a quiet one costs nobody anything
        ("oq", "q1"),
        ("Qo", ""),
        ("Qoq", "q2"),  # while it is quiet anyway the next one enters before those that came earlier
        ("QOqo", ""),
    ],
)
def test_on_two_processors(text: str, enter: str) -> None:
    assert entering(text) == enter


def test_who_has_waited_for_long_gets_its_turn() -> None:
    assert entering("Oqo", now=GATHERING // 2) == "o2"  # it came at 1
    assert entering("Oqo", now=GATHERING // 2 + 1) == ""
    assert entering("qo", now=GATHERING) == "q0"


def test_where_there_are_processors_enough_others_work_beside_quiet_ones() -> None:
    assert entering("Oqoo", 4) == "q1 o2"  # three of four may work; the fourth is free for the harness
    assert entering("OOqo", 4) == "q2"
    assert entering("OOOqo", 4) == "o4"
    assert entering("OOOqo", 4, now=GATHERING // 4 + 2) == "o4"
    assert entering("OOOqo", 4, now=GATHERING // 4 + 3) == ""
    assert entering("QOo", 4) == "o2"
    assert entering("QOOo", 4) == ""
    assert entering("QQQqo", 4) == "q3"


def test_who_comes_back_came_with_its_trial() -> None:
    early, late = tickets("oo")
    back = replace(early, since=9)
    others = [replace(late, who=f"other {number}", works=True) for number in range(3)]
    assert admitted([late, back, *others], 2, 10) == [back]


def test_a_run_has_no_more_at_work_than_it_may() -> None:
    """What its limit keeps waiting keeps nobody else waiting."""
    own = tickets("Ooo", "own", 2)
    other = [replace(one, who=f"other {one.who}") for one in tickets("oo", "other")]
    assert [one.who for one in admitted([*own, *other], 4, 0)] == ["other 0", "1", "other 1"]


def test_nobody_is_left_standing_for_ever() -> None:
    """Whoever waits: once all who work have left, one enters."""
    for waiting in ("o", "q", "oq", "qo", "qqqoo", "ooqqq"):
        for now in (0, 2 * GATHERING):
            for processors in (1, 2, 3, 4, 64):
                assert entering(waiting, processors, now)
