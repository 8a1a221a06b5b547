"""Which knobs a procedure turned, and how settings stood when a claim was decided."""

from __future__ import annotations

from typing import Any

import pytest

from harness.claims.address_space import Smaps
from harness.claims.claim import Claim, Exactly, Expect, Experiment, Not
from harness.claims.outcomes import Errno
from harness.claims.quantities import Counter, Pages, Quantity, Recorded
from harness.evidence.recording import Event, Recording, Trial
from harness.verdicts import knobs

MODE, KBYTES = "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/overcommit_kbytes"
FIRST, SECOND, SAMPLED = (Claim(name, "", "") for name in ("first", "second", "sampled"))


def put(path: str, value: object, error: int = 0) -> Event:
    return {"event": "operation", "operation": "put", "text": f"{path}\0{value}", "error": error}


def record(name: str) -> Event:
    return {"event": "record", "name": name, "value": 1}


EVENTS: list[Event] = [
    put(MODE, 0),  # pinned, before the start
    {"event": "start", "machine": {"page_size": 4096}, "settings": {"overcommit": "0"}},
    record("first"),
    put("/proc/sys/vm/drop_caches", 3),
    put("/sys/fs/cgroup/lab/box/memory.max", 4096),
    put(MODE, 2),
    put(MODE, "2\n"),
    put(KBYTES, 40),
    put(KBYTES, 1000, error=22),
    record("second"),
    put(MODE, 1),
    {"event": "sample", "name": "late", "files": {"vmstat": "pswpin 0\n"}},
    put("/sys/kernel/mm/ksm/run", 1),
    {"event": "end", "status": "ok"},
]


def experiment(*decided: tuple[Claim, Quantity]) -> Experiment:
    """An experiment in which each quantity decides a claim."""
    return Experiment(
        lambda lab: None,
        tuple(Expect(claim, quantity, Exactly(1), Not(1), quantity + 0, quantity + 1) for claim, quantity in decided),
        name="made",
    )


ASKED = experiment(
    (FIRST, Recorded("first")),
    (SECOND, Recorded("second")),
    (SECOND, Recorded("first")),
    (SAMPLED, Counter("vmstat:pswpin", "late")),
)


def decided(claim: Claim, *events: list[Event], asked: Experiment = ASKED) -> dict[str, str]:
    arms = {f"arm {number}" if len(events) > 1 else "": Recording(one) for number, one in enumerate(events)}
    return knobs.at_decision(asked, claim, [Trial(1, arms)], {"overcommit": "0", "lru": "mglru"})


def test_what_was_turned() -> None:
    assert knobs.turned([Trial(1, {"": Recording(EVENTS)})]) == {
        "vm.overcommit_memory": ["2", "1"],
        "vm.overcommit_kbytes": ["40"],
        "/sys/kernel/mm/ksm/run": ["1"],
    }
    assert knobs.turned([Trial(1, {"": Recording(EVENTS[:2])})]) == {}


def test_settings_when_a_claim_was_decided() -> None:
    """The last reading that decides counts, not what the procedure wrote after it."""
    assert decided(FIRST, EVENTS) == {"overcommit": "0", "lru": "mglru"}
    assert decided(SECOND, EVENTS) == {"overcommit": "2", "lru": "mglru"}
    assert decided(SAMPLED, EVENTS) == {"overcommit": "1", "lru": "mglru"}
    assert decided(SECOND, EVENTS[:5]) == {"overcommit": "0", "lru": "mglru"}


def test_arms_that_differ_keep_what_was_pinned() -> None:
    both = experiment((SECOND, Recorded("second", arm="arm 0") + Recorded("second", arm="arm 1")))
    other = [put(MODE, 1) if event == put(MODE, 2) else event for event in EVENTS if event != put(MODE, "2\n")]
    assert decided(SECOND, EVENTS, EVENTS, asked=both)["overcommit"] == "2"
    assert decided(SECOND, EVENTS, other, asked=both)["overcommit"] == "0"


@pytest.mark.parametrize(
    ("event", "turn"),
    [
        (put("/proc/sys/vm/swappiness", " 10\n"), ("vm.swappiness", "10")),
        (put("/proc/sys/kernel/shm_rmid_forced", 1), ("kernel.shm_rmid_forced", "1")),
        (put("/sys/kernel/mm/ksm/run", 1), ("/sys/kernel/mm/ksm/run", "1")),
        (put("/sys/block/vda/queue/read_ahead_kb", 0), ("/sys/block/vda/queue/read_ahead_kb", "0")),
        (put("/proc/sys/vm/x", "a\0b"), ("vm.x", "a\0b")),
        (put("/proc/sys/vm/compact_memory", 1), None),
        (put("/proc/sys/vm/stat_refresh", 1), None),
        (put("/sys/kernel/tracing/tracing_on", 1), None),
        (put("/sys/kernel/debug/sched/verbose", 1), None),
        (put("/proc/self/oom_score_adj", 1), None),
        (put("/tmp/sys/x", 1), None),
        (put(MODE, 2, error=13), None),
        ({**put(MODE, 2), "operation": "slurp"}, None),
        ({**put(MODE, 2), "event": "note"}, None),
    ],
)
def test_what_turns_a_knob(event: Event, turn: tuple[str, str] | None) -> None:
    """A write that was taken, to a file that sets something; not to a group's limits, an instrument or a trigger."""
    found = [*knobs.turns(Recording([EVENTS[1], event]))]
    assert [(one.at, one.knob, one.value) for one in found] == ([(1, *turn)] if turn else [])
    assert [*knobs.turns(Recording([event, EVENTS[1]]))] == []


def test_values_are_told_in_order_and_again_only_after_another() -> None:
    first = Recording([EVENTS[1], put(MODE, 2), put(MODE, 2), put(MODE, 0), put(MODE, 2)])
    second = Recording([EVENTS[1], put(MODE, 2), put(MODE, 1), put(KBYTES, 5)])
    calm = Trial(1, {"": Recording(EVENTS[:2])})
    expected = {"vm.overcommit_memory": ["2", "0", "2", "1"], "vm.overcommit_kbytes": ["5"]}
    assert knobs.turned([calm, Trial(2, {"a": first, "b": second}), Trial(3, {"": second})]) == expected


def test_a_setting_that_a_procedure_wrote_stands_as_it_is_read_back() -> None:
    """ "7" is what MGLRU's file takes; what no setting stands for changes none."""
    lru = put("/sys/kernel/mm/lru_gen/enabled", "0x0000")
    events = [
        EVENTS[1],
        lru,
        put("/sys/kernel/mm/unknown", 5),
        put("/sys/kernel/mm/transparent_hugepage/enabled", "[always] never"),
    ]
    assert decided(FIRST, [*events, record("first")]) == {"overcommit": "0", "lru": "classic", "thp": "always"}


def test_what_was_written_at_the_deciding_moment_or_later_does_not_count() -> None:
    events = [EVENTS[1], put(MODE, 1), record("first"), put(MODE, 2), {"event": "end", "status": "ok"}]
    assert decided(FIRST, events)["overcommit"] == "1"
    assert decided(FIRST, [EVENTS[1], record("first"), put(MODE, 2)])["overcommit"] == "0"
    unread = [EVENTS[1], put(MODE, 1), record("another")]
    assert decided(FIRST, unread) == {"overcommit": "0", "lru": "mglru"}


def test_a_write_that_decides_itself_was_taken_under_the_settings_before_it() -> None:
    """ "May 2 be written in mode 1?" is asked in mode 1."""
    claim = experiment((FIRST, Errno("mode 2")))
    events = [EVENTS[1], put(MODE, 1), {**put(MODE, 2), "outcome": "mode 2"}, put(MODE, 0)]
    assert decided(FIRST, events, asked=claim)["overcommit"] == "1"


def test_an_arm_that_decides_with_its_first_event_has_what_was_pinned() -> None:
    both = experiment((SECOND, Recorded("second", arm="arm 0") + Recorded("second", arm="arm 1")))
    first = [record("second"), EVENTS[1], put(MODE, 1)]
    assert decided(SECOND, first, [EVENTS[1], put(MODE, 2), record("second")], asked=both)["overcommit"] == "0"


def test_only_what_decides_this_claim_counts() -> None:
    asked = experiment((SECOND, Recorded("late")), (FIRST, Recorded("first")))
    events = [EVENTS[1], record("first"), put(MODE, 2), record("late")]
    assert decided(FIRST, events, asked=asked)["overcommit"] == "0"
    assert decided(SECOND, events, asked=asked)["overcommit"] == "2"


def test_the_first_trial_that_turned_a_setting_tells() -> None:
    calm = [EVENTS[1], put("/proc/sys/vm/drop_caches", 3), record("first")]
    turned = [EVENTS[1], put(MODE, 1), record("first")]
    other = [EVENTS[1], put(MODE, 2), record("first")]
    trials = [Trial(number, {"": Recording(one)}) for number, one in enumerate((calm, turned, other), 1)]
    assert knobs.at_decision(ASKED, FIRST, trials, {"overcommit": "0"}) == {"overcommit": "1"}
    assert knobs.at_decision(ASKED, FIRST, trials[:1], {"overcommit": "0"}) == {"overcommit": "0"}


def test_each_reading_is_known_by_its_own_event() -> None:
    """Samples, pages, smaps, records and operations that were tried: of this name, and no other."""

    def of(event: str, /, **more: Any) -> list[Event]:
        return [{"event": event, **more}]

    pages = {"kind": "mincore", "data": "AQ=="}
    kinds: list[tuple[Quantity, list[Event], list[Event]]] = [
        (Counter("vmstat:pswpin", "a"), of("sample", name="a", files={}), of("sample", name="b", files={})),
        (Pages("a", "x"), of("pages", sample="a", label="x", **pages), of("pages", sample="a", label="y", **pages)),
        (Pages("a", "x"), of("pages", sample="a", label="x", **pages), of("pages", sample="b", label="x", **pages)),
        (Smaps("a", "x", "Rss"), of("smaps", sample="a", label="x", text=""), of("smaps", sample="a", label="y", text="")),
        (Smaps("a", "x", "Rss"), of("smaps", sample="a", label="x", text=""), of("smaps", sample="b", label="x", text="")),
        (Recorded("a"), of("record", name="a", value=1), of("record", name="b", value=1)),
        (
            Errno("a"),
            of("operation", outcome="a", error=0, operation="mmap", text=""),
            of("operation", outcome="b", error=0, operation="mmap", text=""),
        ),
    ]
    for quantity, asked, other in kinds:
        claim = experiment((FIRST, quantity))
        events = [EVENTS[1], put(MODE, 1), *asked, put(MODE, 2), *other]
        assert decided(FIRST, events, asked=claim)["overcommit"] == "1", quantity
        events = [EVENTS[1], put(MODE, 1), *other, put(MODE, 2), *asked]
        assert decided(FIRST, events, asked=claim)["overcommit"] == "2", quantity


def test_a_recording_that_notes_reads_as_any_other() -> None:
    events = [
        {"event": "sample", "name": "a", "files": {"meminfo": "Cached: 4 kB\n"}},
        {"event": "smaps", "sample": "a", "label": "x", "text": "Rss: 8 kB\n"},
        {"event": "pages", "sample": "a", "label": "x", "kind": "mincore", "data": "AQ=="},
        {"event": "record", "name": "one", "value": 1},
    ]
    one = knobs.Noting(events)
    assert one.last == -1
    assert (one.text("a", "meminfo"), one.last) == ("Cached: 4 kB\n", 0)
    assert (one.smaps("a", "x"), one.last) == ("Rss: 8 kB\n", 1)
    assert (one.page_data("a", "x"), one.last) == (("mincore", b"\1"), 2)
    assert (one.records.get("two", 5), one.records.get("two"), one.last) == (5, None, 2)
    assert (one.records.get("one", 5), one.last) == (1, 3)
    one.note(1)
    assert one.last == 3
