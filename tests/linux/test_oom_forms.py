"""OOMs of the lab's guests, in every form of a log, whole and cut: read back equal, or with what is missing said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.linux import oom_report, oom_score
from harness.linux.oom import Report, missing
from tests.linux import oom_logs
from tests.linux.oom_logs import FORMS, Guest, Message

GUESTS = oom_logs.guests()
EACH = list({guest.cell: guest for guest in GUESTS}.values())  # one of each experiment and kernel


@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.name)
def test_what_is_read_is_what_the_lab_knows(guest: Guest) -> None:
    found = oom_report.reports(guest.log)
    victims = [victim for report in found for victim in report.victims]
    assert {victim.pid for victim in victims} == guest.killed
    assert len(victims) == len(guest.killed)
    for report in found:
        assert not missing(report)
        assert report.tasks
        assert report.release
        assert report.release.startswith(guest.cell.partition("@")[2] or guest.cell.split()[-1])


@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.name)
def test_the_first_victim_has_the_highest_score(guest: Guest) -> None:
    """The kernel's own choice against the rule as we work it out: on four kernels, of every kind of OOM."""
    for report in oom_report.reports(guest.log):
        ranking = oom_score.rank(report)
        assert ranking is not None
        assert not ranking.notes
        assert ranking.page == 4096
        assert ranking.first is not None
        assert ranking.place(ranking.first) == 1
        assert ranking.candidates[0] is ranking.first


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("guest", EACH, ids=lambda guest: guest.name)
def test_every_form_says_the_same(guest: Guest, form: Callable[[list[Message]], str]) -> None:
    found = oom_logs.parsed(guest.log)
    assert oom_logs.timeless(oom_report.reports(form(found))) == oom_logs.timeless(oom_report.reports(guest.log))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_many_reports_in_one_log(form: Callable[[list[Message]], str]) -> None:
    """A log of all of them, one after another: each is found, and none takes a line of its neighbour."""
    whole = [Message(4, 0, "Linux version 0.0.0-none (x)")]
    for number, guest in enumerate(GUESTS):
        whole += [replace(one, us=one.us + number * 3_600_000_000) for one in oom_logs.parsed(guest.log)]
    alone = [report for guest in GUESTS for report in oom_report.reports(guest.log)]
    assert oom_logs.timeless(oom_report.reports(form(whole))) == oom_logs.timeless(alone)


def a_log(cell: str) -> list[Message]:
    """Gives the records of one of the guests' OOMs, from its first line on."""
    found = oom_logs.parsed(next(one.log for one in GUESTS if one.cell.startswith(cell)))
    return found[next(place for place, one in enumerate(found) if "invoked oom-killer" in one.text) :]


CUT = {
    "group, dmesg -T": oom_logs.german(a_log("oom-report@6.1.")),
    "machine, kmsg": oom_logs.kmsg(a_log("oom-system-wide@7.2")),
    "oom.group, console": oom_logs.console(a_log("oom.group 6.12")),
    "a container's, German": oom_logs.read("02_proxmox_5.15_dmesgT_german.txt"),
}
STEPS = {"a container's, German": 61}  # 13 kB


@pytest.mark.parametrize("name", CUT)
def test_every_cut(name: str) -> None:
    """Heads and tails: what is given is a part of the whole report, and what is not is said."""
    text = CUT[name]
    (report,) = oom_report.reports(text)
    assert not missing(report)
    for head, tail in oom_logs.cuts(text, STEPS.get(name, 3)):
        for part in (head, tail):
            found = oom_report.reports(part)
            oom_report.report_rows(found), oom_report.victim_rows(found), oom_report.task_rows(found)
            for one in found:
                oom_score.rank(one)
                assert_part(one, report, at_end=part is head)
                # Behind the line of a kill a report may end (others of its group come after it, if there is one), and a
                # console's line is whole without its level.
                complete = (part is head and one.victims and head.endswith("\n")) or (part is tail and head == "<")
                assert missing(one) or complete, (part[:60], part[-60:])


def assert_part(one: Report, report: Report, at_end: bool) -> None:
    """No number of a torn report is another than the whole one's, but the last one of a torn last line, where it is said."""
    for name in ("asked", "asked_pid", "gfp", "order", "memory", "swap", "stat_of", "group", "release"):
        value = getattr(one, name)
        assert value in (None, (), getattr(report, name)) or (at_end and one.cut), (name, value)
    wrong = {pid for pid, task in one.tasks.items() if task != report.tasks.get(pid)}
    assert not wrong
    for key, value in one.why.items():
        assert report.why[key] == value or (at_end and one.cut)
    for victim in one.victims:
        whole = report.told(victim.pid)
        assert whole or (at_end and one.cut)
        if whole:
            assert not {*victim.sizes.items()} - {*whole.sizes.items()}
            assert victim.oom_score_adj in (None, whole.oom_score_adj) or (at_end and one.cut)
    assert set(one.stat.items()) <= set(report.stat.items()) or (at_end and one.cut)
