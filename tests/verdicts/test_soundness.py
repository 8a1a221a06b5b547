"""Expectations that would say what they say whatever happens: none in the catalogue; each kind is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.claims.claim import AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Not, Outside, Within
from harness.claims.quantities import Change, Counter, Derived, Pages, Quantity, Recorded, pages
from harness.evidence.recording import Recording, Trial, read_trials
from harness.run import matrix
from harness.run.options import RunOptions
from harness.run.run import Watch
from harness.verdicts import soundness

ALL = Claim("all", "All of it is swapped.", "made up")
SOME = Claim("some", "It is swapped.", "made up")


@pytest.mark.guest
@pytest.mark.skipif(not os.environ.get("FOLKLAB_LONG"), reason="runs every experiment once: `invoke test --long` does that")
def test_nothing_is_wrong_in_what_the_catalogue_records(tmp_path: Path) -> None:
    """No reference reads 0 because nothing could count."""
    options = RunOptions(trials=1, results=tmp_path)
    run = matrix.execute(list(catalogue.load().values()), options, "soundness", Watch())
    told = [
        line
        for outcome in run.outcomes
        for trial in read_trials(outcome.directory)
        for line in soundness.recorded(outcome.experiment, trial)
    ]
    assert told == []


def swapped(since: str, until: str) -> Quantity:
    return Change("vmstat:pswpout", since, until)


def experiment(**other: Any) -> Experiment:
    one: dict[str, Any] = {
        "claim": ALL,
        "quantity": swapped("before", "after"),
        "if_true": AtLeast(pages(4096)),
        "if_false": AtMost(pages(4096) - 1),
        "reads_true": swapped("after", "told to go"),
        "reads_false": swapped("early", "before"),
    }
    return Experiment(lambda lab: None, (Expect(**{**one, **other}),), name="made")


def test_a_sound_one() -> None:
    assert list(soundness.declared(experiment())) == []


@pytest.mark.parametrize(
    ("if_true", "if_false", "found"),
    [
        (Exactly(8), AtMost(7), ""),
        (Exactly(8), AtMost(6), "no answer lies between 2 numbers"),
        (Exactly(0), AtLeast(1), ""),
        (AtMost(0), AtLeast(1), ""),
        (Exactly(0), Not(0), ""),
        (AtMost(16), AtLeast(17), "true up to 16"),
        (Within(-5, 5), Outside(-5, 5), "true up to -5, 5"),
        (AtLeast(pages(4096) * 95 // 100), AtMost(pages(4096) * 95 // 100 - 1), "true up to 4,096 bytes * 95 // 100"),
        (AtLeast(Counter("meminfo:Cached", "before") - 1), AtMost(Counter("meminfo:Cached", "before") - 2), ""),
        (AtLeast(pages(4096) - 64), AtMost(pages(4096) - 65), "true up to 4,096 bytes - 64"),
    ],
)
def test_room_between_all_and_not_all(if_true: Any, if_false: Any, found: str) -> None:
    about = "made: all: “growth of vmstat:pswpout from “before” to “after””: "
    expected = [f"{about}the statement is about all, and {found}"] if found else []
    assert list(soundness.declared(experiment(if_true=if_true, if_false=if_false))) == expected
    assert list(soundness.declared(experiment(claim=SOME, if_true=if_true, if_false=if_false))) == []
    with_reason = list(soundness.declared(experiment(if_true=if_true, if_false=if_false, slack="a batch of 64 pages")))
    assert with_reason == ([] if found else [f"{about}a reason for room that is not there"])


def test_error_numbers_are_names() -> None:
    errno = {
        "quantity": Recorded("past", "errno"),
        "reads_true": Recorded("far", "errno"),
        "reads_false": Recorded("in", "errno"),
    }
    assert list(soundness.declared(experiment(if_true=Exactly(0), if_false=Exactly(12), **errno))) == []


def test_universal_by_its_words() -> None:
    def says(text: str) -> bool:
        return soundness.is_universal(experiment(claim=Claim("one", text, "made up")).expects[0])

    assert says("No page is ever freed.")
    assert says("Pages cannot be freed.")
    assert not says("A task that wakes every 10 ms is late.")
    assert not says("Pages are noted.")
    assert not says("It is late beside a task that computes all the time, on a machine that does nothing else.")


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (Change("meminfo:Cached", "after", "told to go"), "is another quantity"),
        (Change("vmstat:pswpout", "after", "after"), "compares a moment with itself"),
    ],
)
def test_a_reference_that_shows_nothing(reference: Quantity, found: str) -> None:
    told = list(soundness.declared(experiment(reads_true=reference)))
    assert any(found in one for one in told)


def test_a_reference_that_needs_no_evidence() -> None:
    one, other, third = (Derived("none", lambda recording, number=number: 0) for number in range(3))
    told = list(soundness.declared(experiment(quantity=one, reads_true=other, reads_false=third)))
    assert sum("reads a number where nothing was recorded" in one for one in told) == 2


def test_another_quantity_may_have_a_reason() -> None:
    cached = Change("meminfo:Cached", "after", "told to go")
    assert list(soundness.declared(experiment(reads_true=cached, reference_why="nothing else is known"))) == []


SAMPLES = ("early", "before", "after", "told to go")


def trial(out: list[int], swap: list[int], *done: list[str], state: bytes = b"") -> Trial:
    """Makes a recording with pswpout and SwapTotal at each moment; done: the operations before each but the first."""
    events: list[dict[str, Any]] = [{"event": "start", "machine": {"page_size": 4096}}]
    for number, name in enumerate(SAMPLES):
        if number and done:
            events += [{"event": "operation", "operation": one, "text": ""} for one in done[number - 1]]
            events.append({"event": "operation", "operation": "put", "text": "/proc/sys/vm/stat_refresh\x001"})
        files = {"vmstat": f"pswpout {out[number]}\n", "meminfo": f"SwapTotal: {swap[number]} kB\n"}
        events.append({"event": "sample", "name": name, "files": files})
    return Trial(1, {"": Recording(events)})


def test_a_counter_that_could_count() -> None:
    assert list(soundness.recorded(experiment(), trial([0, 0, 5, 9], [8, 8, 8, 8]))) == []
    acted = trial([0, 0, 5, 9], [8, 8, 8, 8], ["touch"], ["fill"], ["madvise"])
    assert list(soundness.recorded(experiment(), acted)) == []


def by_construction(told: list[str]) -> list[str]:
    return [one.partition("0 by construction: ")[2] for one in told]


def test_no_swap_area() -> None:
    """A shortage without swap says nothing of what a shortage does: pswpout could not count."""
    found = list(soundness.recorded(experiment(), trial([0, 0, 5, 9], [0, 8, 8, 8])))
    assert by_construction(found) == ["there is no swap area at “early”"]
    reason = experiment(reference_why="without swap is what the claim compares with")
    assert list(soundness.recorded(reason, trial([0, 0, 5, 9], [0, 8, 8, 8]))) == []


def test_nothing_done_between() -> None:
    found = list(soundness.recorded(experiment(), trial([0, 0, 5, 9], [8, 8, 8, 8], ["slurp", "stat"], ["fill"], ["madvise"])))
    assert by_construction(found) == ["nothing is done between “early” and “before”"]


def test_a_counter_that_never_moves() -> None:
    found = list(soundness.recorded(experiment(), trial([3, 3, 3, 3], [8, 8, 8, 8])))
    assert by_construction(found) == ["vmstat:pswpout never moves in this guest"] * 2


def test_a_page_that_no_swap_could_take() -> None:
    gone = Pages("early", "memory", "swapped")

    class Zero(Recording):
        def pages(self, sample: str, label: str, state: str) -> int:
            return 0

    made = trial([0, 0, 5, 9], [0, 8, 8, 8])
    made = Trial(1, {"": Zero(made.arms[""].events)})
    one = experiment(
        quantity=Pages("after", "memory", "swapped"), reads_true=Pages("told to go", "memory", "swapped"), reads_false=gone
    )
    assert by_construction(list(soundness.recorded(one, made))) == ["there is no swap area at “early”"]


def test_the_same_counter_of_another_process_may_move() -> None:
    """A locked file's Swap stays 0, which is its answer: that smaps can count it is seen of the file beside it."""

    def swap_of(name: str) -> Quantity:
        return Counter(f"{name}/smaps_rollup:Swap", "short")

    files = [{"file/smaps_rollup": f"Swap: {size} kB\n", "locked/smaps_rollup": "Swap: 0 kB\n"} for size in (0, 64)]
    start = {"event": "start", "machine": {"page_size": 4096}}
    samples = [{"event": "sample", "name": name, "files": one} for name, one in zip(("full", "short"), files, strict=True)]
    one = experiment(quantity=swap_of("file"), reads_true=swap_of("file") + 0, reads_false=swap_of("locked"))
    assert list(soundness.recorded(one, Trial(1, {"": Recording([start, *samples])}))) == []
    samples[1]["files"] = files[0]
    told = list(soundness.recorded(one, Trial(1, {"": Recording([start, *samples])})))
    assert len(told) == 2
