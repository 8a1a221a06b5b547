"""Expectations that would say what they say whatever happens: none in the catalogue; each kind is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.claims.claim import AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Not, Outside, Within
from harness.claims.quantities import Change, Counter, Derived, Pages, Quantity, Recorded, pages
from harness.evidence.recording import Recording, Trial, encode, read_trials
from harness.false_evidence.made import page_entries
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


# Each part of it, by what it tells apart.

ONE, OTHER = Counter("box/memory.stat:anon", "now"), Counter("worker/status:VmRSS", "now")


def test_a_quantity_is_what_it_is_made_of() -> None:
    made = abs((ONE + OTHER).called("both") - 5) / Recorded("share")
    assert list(soundness.leaves(made)) == [ONE, OTHER, Recorded("share")]
    assert list(soundness.leaves(ONE)) == [ONE]


def resident(recording: Recording) -> int:
    return 0


def test_quantities_of_one_kind_read_the_same_of_whatever() -> None:
    """Of another group, process, range, moment or record: a counter of another role, another state or function is another."""
    assert soundness.kinds(ONE + OTHER) == {("Counter", "sandbox/memory.stat:anon"), ("Counter", "probe/status:VmRSS")}
    assert soundness.kinds(Counter("pot/memory.stat:anon", "then")) == soundness.kinds(ONE)
    assert soundness.kinds(Change("box/memory.stat:anon", "a", "b")) == {("Change", "sandbox/memory.stat:anon")}
    assert soundness.kinds(Pages("now", "file", "dirty")) == {("Pages", "dirty")}
    assert soundness.kinds(Recorded("one")) == soundness.kinds(Recorded("two")) == {("Recorded", "")}
    assert soundness.kinds(Derived("one", resident)) == {("Derived", f"{__name__}.resident")}


@pytest.mark.parametrize(
    ("if_true", "if_false", "unit", "room"),
    [
        (Exactly(3), Exactly(5), "errno", ""),
        (Exactly(3), AtMost(1), "errno", ""),
        (Exactly(8), Exactly(6), "pages", ""),
        (Not(8), Exactly(8), "pages", ""),
        (AtMost(6), Exactly(8), "pages", "no answer lies between 2 numbers"),
        (Exactly(1), AtLeast(3), "pages", "no answer lies between 2 numbers"),
        (Exactly(1), AtLeast(2), "pages", ""),
        (Exactly(8), AtMost(Counter("meminfo:Cached", "now")), "pages", ""),
        (Exactly(ONE), AtMost(3), "pages", ""),
        (AtLeast(2.5), AtMost(2), "pages", "true up to 2.5"),
        (AtLeast(-1), AtMost(-2), "pages", ""),
        (AtLeast(2000), AtMost(1999), "pages", "true up to 2,000"),
        (AtLeast(ONE + 1), AtMost(3), "pages", ""),
        (AtLeast(ONE + -1), AtMost(3), "pages", ""),
        (AtLeast(ONE + 0), AtMost(3), "pages", ""),
        (AtLeast(ONE + 2), AtMost(3), "pages", "true up to box/memory.stat:anon at “now” + 2"),
        (AtLeast(ONE * 1), AtMost(3), "pages", "true up to box/memory.stat:anon at “now” * 1"),
        (AtLeast(ONE - OTHER), AtMost(3), "pages", ""),
        (
            AtLeast(ONE + (OTHER - 64)),
            AtMost(3),
            "pages",
            "true up to box/memory.stat:anon at “now” + worker/status:VmRSS at “now” - 64",
        ),
        (
            AtLeast((ONE - 64) + OTHER),
            AtMost(3),
            "pages",
            "true up to box/memory.stat:anon at “now” - 64 + worker/status:VmRSS at “now”",
        ),
        (AtLeast((ONE - 64).called("most")), AtMost(3), "pages", "true up to most"),
        (AtLeast(abs(ONE)), AtMost(3), "pages", ""),
    ],
)
def test_what_room_two_ranges_leave(if_true: Any, if_false: Any, unit: str, room: str) -> None:
    value, true, false = (Recorded(name, unit) for name in ("value", "true", "false"))
    one = experiment(quantity=value, reads_true=true, reads_false=false, if_true=if_true, if_false=if_false).expects[0]
    assert soundness.room(one) == room


def test_what_is_declared_is_told_word_for_word() -> None:
    about = "made: all: “growth of vmstat:pswpout from “before” to “after””: its reference “"
    cached = Change("meminfo:Cached", "now", "now")
    assert list(soundness.declared(experiment(reads_false=cached))) == [
        f"{about}{cached.name}” is another quantity",
        f"{about}{cached.name}” compares a moment with itself",
    ]
    sums = swapped("now", "now") + swapped("a", "b")
    assert list(soundness.declared(experiment(reads_true=sums))) == [f"{about}{sums.name}” compares a moment with itself"]


def test_a_reference_is_looked_at_in_each_arm() -> None:
    """Nothing was recorded in any of them, and a size is none of an arm's."""
    one = experiment(quantity=pages(4096), reads_true=pages(8192), reads_false=pages(0), if_true=Exactly(1), if_false=Exactly(0))
    both = Experiment(lambda lab: None, one.expects, name="made", arms=("a", "b"))
    told = [line.partition("its reference ")[2] for line in soundness.declared(both)]
    assert told == [
        "“8,192 bytes” reads a number where nothing was recorded",
        "“0 bytes” reads a number where nothing was recorded",
    ]


def evidence(*moments: tuple[str, dict[str, str]], done: dict[str, list[Any]] | None = None) -> Recording:
    """Samples, and before each the operations that are named for it (a name, or an event)."""
    events: list[dict[str, Any]] = [{"event": "start", "machine": {"page_size": 4096}}]
    for name, files in moments:
        for one in (done or {}).get(name, []):
            events.append(one if isinstance(one, dict) else {"event": "operation", "operation": one, "text": ""})
        events.append({"event": "sample", "name": name, "files": files})
    return Recording(events)


def told_of(reference: Quantity, one: Recording, **other: Any) -> list[str]:
    true = Recorded("true")
    asked = experiment(quantity=Recorded("value"), reads_true=true, reads_false=reference, **{"reference_why": "", **other})
    return by_construction(list(soundness.recorded(asked, Trial(1, {"": one}))))


NO_SWAP, SWAP = "SwapTotal: 0 kB\n", "SwapTotal: 8 kB\n"


@pytest.mark.parametrize(
    ("counter", "cannot"),
    [
        ("vmstat:pswpin", True),
        ("vmstat:swpin_zero", True),
        ("meminfo:SwapCached", True),
        ("box/memory.swap.current", True),
        ("worker/smaps_rollup:SwapPss", True),
        ("worker/status:VmSwap", True),
        ("meminfo:Dirty", False),
        ("vmstat:pgfault", False),
    ],
)
def test_counters_of_swap_count_only_where_there_is_some(counter: str, cannot: bool) -> None:
    """Whatever the counter reads later, when there is swap."""
    source, _, key = counter.partition(":")

    def at(value: int, total: str) -> dict[str, str]:
        files = {source: f"{key} {value}\n" if key else f"{value}\n"}
        return {**files, "meminfo": total + files.get("meminfo", "")}

    one = evidence(("early", at(0, NO_SWAP)), ("late", at(3, SWAP)), done={"early": ["fill"], "late": ["fill"]})
    assert told_of(Counter(counter, "early"), one) == (["there is no swap area at “early”"] if cannot else [])
    assert told_of(Change(counter, "early", "early2"), one) == []
    assert told_of(Counter(counter, "late"), one) == []


def test_a_change_looks_for_swap_where_it_begins() -> None:
    one = evidence(
        ("a", {"vmstat": "pswpin 5\n", "meminfo": NO_SWAP}),
        ("b", {"vmstat": "pswpin 5\n", "meminfo": SWAP}),
        ("c", {"vmstat": "pswpin 5\n", "meminfo": SWAP}),
        ("d", {"vmstat": "pswpin 6\n", "meminfo": SWAP}),
        done={"b": ["fill"], "c": ["fill"]},
    )
    assert told_of(Change("vmstat:pswpin", "a", "b"), one) == ["there is no swap area at “a”"]
    assert told_of(Change("vmstat:pswpin", "b", "c"), one) == []
    assert told_of(Change("vmstat:pswpin", "c", "d"), one) == []


def write(text: str) -> dict[str, str]:
    return {"event": "operation", "operation": "put", "text": text}


@pytest.mark.parametrize(
    ("done", "nothing"),
    [
        (["fill"], False),
        (["mincore", "slurp"], True),
        (["mincore", "fill"], False),
        ([write("/proc/sys/vm/stat_refresh\x001")], True),
        ([write("/proc/sys/vm/drop_caches\x001")], False),
        ([{"event": "operation", "operation": "put"}], False),
        ([{"event": "note", "operation": "fill"}], True),
    ],
)
def test_a_reading_is_no_deed(done: list[Any], nothing: bool) -> None:
    """What was done before the first moment and after the second is none of it."""
    one = evidence(
        ("zero", {"vmstat": "pgfault 4\n"}),
        ("a", {"vmstat": "pgfault 5\n"}),
        ("b", {"vmstat": "pgfault 5\n"}),
        ("c", {"vmstat": "pgfault 6\n"}),
        done={"a": ["fill"], "b": done, "c": ["fill"]},
    )
    said = ["nothing is done between “a” and “b”"] if nothing else []
    assert told_of(Change("vmstat:pgfault", "a", "b"), one) == said
    assert told_of(Change("vmstat:pgfault", "b", "a"), one) == [line.replace("“a” and “b”", "“b” and “a”") for line in said]


def test_where_no_operation_was_recorded_something_may_have_been_done() -> None:
    moments = [("a", {"vmstat": "pgfault 5\n"}), ("b", {"vmstat": "pgfault 5\n"}), ("c", {"vmstat": "pgfault 6\n"})]
    assert told_of(Change("vmstat:pgfault", "a", "b"), evidence(*moments)) == []
    assert told_of(Change("vmstat:pgfault", "a", "a"), evidence(*moments, done={"a": ["fill"]})) == []


def test_all_that_a_reference_is_made_of_must_be_unable_to_count() -> None:
    moments = [("a", {"vmstat": "pgfault 5\npgmajfault 0\n"}), ("b", {"vmstat": "pgfault 6\npgmajfault 0\n"})]
    one = evidence(*moments, done={"b": ["fill"]})
    major, minor = Counter("vmstat:pgmajfault", "b"), Counter("vmstat:pgfault", "b")
    assert told_of(major, one) == ["vmstat:pgmajfault never moves in this guest"]
    assert told_of(major * minor, one) == []
    assert told_of(major * 5, one) == ["vmstat:pgmajfault never moves in this guest"]
    assert told_of(major, one, reference_why="it is what is asked") == []
    assert told_of(Counter("vmstat:pgmajfault", "b", arm="gone"), one) == []
    assert told_of(Derived("none", lambda recording: 0), one) == []
    assert told_of(pages(0), one) == [], "it is of no arm"


def test_whether_something_could_count_is_looked_for_in_the_references_own_arm() -> None:
    moved = evidence(("a", {"vmstat": "pgmajfault 0\n"}), ("b", {"vmstat": "pgmajfault 3\n"}))
    still = evidence(("a", {"vmstat": "pgmajfault 0\n"}), ("b", {"vmstat": "pgmajfault 0\n"}))

    def told(arm: str) -> list[str]:
        counter = Counter("vmstat:pgmajfault", "a", arm=arm)
        one = experiment(quantity=Recorded("value"), reads_true=Recorded("true"), reads_false=counter)
        return by_construction(list(soundness.recorded(one, Trial(1, {"": moved, "still": still}))))

    assert (told(""), told("still")) == ([], ["vmstat:pgmajfault never moves in this guest"])


def test_pages_of_any_other_state_need_no_swap() -> None:
    def counted(state: str, total: str) -> list[str]:
        kept = {"event": "pages", "sample": "a", "label": "x", "kind": "pagemap", "data": encode(page_entries({"anonymous": 1}))}
        one = evidence(("a", {"meminfo": total}))
        one.events.append(kept)
        return told_of(Pages("a", "x", state), one)

    assert counted("swapped", NO_SWAP) == counted("swap cache", NO_SWAP) == ["there is no swap area at “a”"]
    assert counted("swapped", SWAP) == counted("swapped", "") == counted("file", NO_SWAP) == []


def test_a_counter_moves_if_one_of_its_role_does() -> None:
    """Of another group too; a file of another name or a key of another name is none of its role."""

    def moves(name: str, *texts: dict[str, str]) -> bool:
        moments = [(f"moment {number}", files) for number, files in enumerate(texts)]
        return told_of(Counter(name, "moment 0"), evidence(*moments)) == []

    assert moves("box/memory.current", {"box/memory.current": "0\n"}, {"box/memory.current": "1\n"})
    assert moves("box/memory.current", {"box/memory.current": "0\n", "pot/memory.current": "1\n"})
    assert not moves("box/memory.current", {"box/memory.current": "0\n", "pot/memory.peak": "1\n"})
    assert not moves("box/memory.current", {"box/memory.current": "0\n", "pot/memory.current": "max\n"})
    assert moves("box/memory.stat:anon", {"box/memory.stat": "anon 0\n", "pot/memory.stat": "anon 1\n"})
    assert not moves("box/memory.stat:anon", {"box/memory.stat": "anon 0\n", "pot/memory.stat": "file 1\n"})
    assert moves("a:b/memory.current", {"a:b/memory.current": "0\n"}, {"a:b/memory.current": "1\n"})
    assert moves("a:b/memory.stat:anon", {"a:b/memory.stat": "anon 0\n"}, {"a:b/memory.stat": "anon 1\n"})


def test_a_trial_that_never_began_shows_nothing() -> None:
    still = {"vmstat": "pgfault 0\n"}
    asked = experiment(quantity=Recorded("value"), reads_true=Recorded("true"), reads_false=Counter("vmstat:pgfault", "a"))
    begun, never = evidence(("a", still)), evidence(("a", still))
    del never.events[0]
    assert len(list(soundness.recorded(asked, Trial(1, {"": begun})))) == 1
    assert list(soundness.recorded(asked, Trial(1, {"": begun, "b": never}))) == []
    (line,) = soundness.recorded(asked, Trial(1, {"": begun}))
    assert line == ("made: all: reference “vmstat:pgfault at “a”” is 0 by construction: vmstat:pgfault never moves in this guest")
