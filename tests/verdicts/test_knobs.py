"""Which knobs a procedure turned, and how settings stood when a claim was decided."""

from __future__ import annotations

from harness.claims.claim import Claim, Exactly, Expect, Experiment, Not
from harness.claims.quantities import Counter, Quantity, Recorded
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
