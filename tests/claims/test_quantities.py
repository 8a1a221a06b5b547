"""Quantities: what each reads, in which unit, under which name, and how far noise moves it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness.claims.quantities import (
    Called,
    Change,
    Combined,
    Counter,
    Derived,
    Magnitude,
    Pages,
    Quantity,
    Recorded,
    Size,
    Still,
    in_pages,
    name_of,
    noise_of,
    pages,
    value_of,
)
from harness.errors import LabError
from harness.evidence.floor import carried_noise, counter_noise, role, same_source
from harness.evidence.recording import Recording, Trial, encode
from harness.false_evidence.made import page_entries


def recording(page_size: int = 4096, shmem: int = 0, idle: int = 0) -> Recording:
    """Cached, pgfault and a group's usage at two moments; Shmem as said."""

    def sample(kind: str, name: str, cached: int, faults: int) -> dict[str, object]:
        files = {
            "meminfo": f"Cached: {cached} kB\nShmem: {shmem} kB\n",
            "vmstat": f"pgfault {faults}\n",
            "box/memory.current": f"{cached << 10}\n",
        }
        return {"event": kind, "name": name, "files": files}

    start = {"event": "start", "machine": {"page_size": page_size}}
    records = [
        {"event": "record", "name": name, "value": value} for name, value in {"yes": True, "half": 0.5, "word": "x"}.items()
    ]
    data = encode(page_entries({"anonymous": 3, "absent": 2}))
    kept = {"event": "pages", "sample": "after", "label": "file", "kind": "pagemap", "data": data}
    one = Recording([start, sample("idle", "", 40, 0), sample("idle", "", 40 + idle, 0), *records, kept])
    one.events += [sample("sample", "before", 40, 5), sample("sample", "after", 82, 12)]
    return one


def trial(**arms: Recording) -> Trial:
    return Trial(1, {"": recording(), **arms})


CACHED, FAULTS = Counter("meminfo:Cached", "before"), Counter("vmstat:pgfault", "before")
GROWN = Change("meminfo:Cached", "before", "after")


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "name"),
    [
        (CACHED, 10, "pages", "meminfo:Cached at “before”"),
        (GROWN, 10.5, "pages", "growth of meminfo:Cached from “before” to “after”"),
        (Counter("box/memory.current", "before"), 10, "pages", "box/memory.current at “before”"),
        (FAULTS, 5, "", "vmstat:pgfault at “before”"),
        (Change("vmstat:pgfault", "before", "after"), 7, "", "growth of vmstat:pgfault from “before” to “after”"),
        (Change("vmstat:pgfault", "after", "before"), -7, "", "growth of vmstat:pgfault from “after” to “before”"),
        (Counter("meminfo:Cached", "never"), None, "pages", "meminfo:Cached at “never”"),
        (Change("meminfo:Cached", "never", "after"), None, "pages", "growth of meminfo:Cached from “never” to “after”"),
        (Change("meminfo:Cached", "before", "never"), None, "pages", "growth of meminfo:Cached from “before” to “never”"),
        (Pages("after", "file", "anonymous"), 3, "pages", "anonymous pages of file at “after”"),
        (Pages("after", "file", "absent"), 2, "pages", "absent pages of file at “after”"),
        (Pages("before", "file", "anonymous"), None, "pages", "anonymous pages of file at “before”"),
        (Recorded("yes"), 1, "", "yes"),
        (Recorded("half", "s", title="a half"), 0.5, "s", "a half"),
        (Recorded("never"), None, "", "never"),
        (Derived("events", lambda one: len(one.samples), "samples"), 2, "samples", "events"),
        (Size(8192), 2, "pages", "8,192 bytes"),
        (pages(8193), 3, "pages", "8,193 bytes"),
        (CACHED + 5, 15, "pages", "meminfo:Cached at “before” + 5"),
        (CACHED - 1000, -990, "pages", "meminfo:Cached at “before” - 1,000"),
        (CACHED * 2, 20, "pages", "meminfo:Cached at “before” * 2"),
        (CACHED / 4, 2.5, "pages", "meminfo:Cached at “before” / 4"),
        (CACHED // 4, 2, "pages", "meminfo:Cached at “before” // 4"),
        (CACHED / FAULTS, 2.0, "", "meminfo:Cached at “before” / vmstat:pgfault at “before”"),
        (CACHED // FAULTS, 2, "pages", "meminfo:Cached at “before” // vmstat:pgfault at “before”"),
        (CACHED / (FAULTS - 5), None, "", "meminfo:Cached at “before” / vmstat:pgfault at “before” - 5"),
        (abs(FAULTS - 9), 4, "", "|vmstat:pgfault at “before” - 9|"),
        (CACHED.called("what is cached"), 10, "pages", "what is cached"),
        (CACHED.called("what is cached", "sheets"), 10, "sheets", "what is cached"),
        (CACHED.called("what is cached", ""), 10, "", "what is cached"),
    ],
)
def test_what_a_quantity_reads(quantity: Quantity, value: float | None, unit: str, name: str) -> None:
    assert (quantity.read(trial()), quantity.unit, quantity.name) == (value, unit, name)


def test_whole_pages_are_whole_numbers() -> None:
    assert [in_pages(*what) for what in ((8, "KiB", 4096), (8192, "bytes", 4096), (8, "pages", 4096), (8, "", 4096))] == [
        2,
        2,
        8,
        8,
    ]
    assert [in_pages(*what) for what in ((6, "KiB", 4096), (1024, "bytes", 4096), (64, "KiB", 65536))] == [1.5, 0.25, 1]
    assert isinstance(in_pages(8, "KiB", 4096), int)


def test_each_arm_has_its_own_numbers() -> None:
    """Pages are of the arm's machine; an arm that is not there is no reading and has no noise."""
    both = trial(large=recording(page_size=65536, shmem=640))
    assert Counter("meminfo:Shmem", "after", arm="large").read(both) == 10
    assert Counter("meminfo:Shmem", "after").in_arm("large").read(both) == 10
    assert Counter("meminfo:Shmem", "after").read(both) == 0
    assert Change("meminfo:Cached", "before", "after", arm="large").read(both) == 42 / 64
    gone = Counter("meminfo:Shmem", "after", arm="gone")
    assert (gone.read(both), gone.noise(both, {"meminfo:Shmem": 64})) == (None, 0)
    assert Counter("meminfo:Shmem", "after", arm="large").noise(both, {"meminfo:Shmem": 64}) == 1
    assert Counter("meminfo:Shmem", "after").noise(both, {"meminfo:Shmem": 64}) == 16
    assert Pages("after", "file", "anonymous", arm="large").read(both) == 3


def test_a_quantity_that_knows_no_arms_is_read_from_the_only_one() -> None:
    @dataclass(frozen=True)
    class Samples(Still):
        name = "samples"

        def of(self, recording: Recording) -> int:
            return len(recording.samples)

    assert Samples().read(trial()) == 2
    assert Samples().read(Trial(1, {"large": recording(page_size=65536)})) is None


def test_truth_is_a_number() -> None:
    """So it is written as one, in verdicts.json and in sentences."""
    assert [repr(Recorded(name).read(trial())) for name in ("yes", "half", "never")] == ["1", "0.5", "None"]


def test_a_size_has_no_number_where_pages_differ() -> None:
    assert Size(65536).read(trial(large=recording(page_size=65536))) is None
    assert Size(65536).read(trial(other=recording())) == 16
    assert Size(65536).read(Trial(1, {"large": recording(page_size=65536)})) == 1


def test_what_can_be_no_quantity() -> None:
    with pytest.raises(TypeError, match=r"^word is no number: 'x'$"):
        Recorded("word").read(trial())
    with pytest.raises(LabError, match="no file 'meminf' is read"):
        Counter("meminf:Cached", "before")
    with pytest.raises(LabError, match="gone"):
        Pages("after", "file", "gone")


def test_bounds_are_numbers_or_quantities() -> None:
    one = trial()
    assert [value_of(bound, one) for bound in (None, 5, CACHED)] == [None, 5, 10]
    assert [name_of(bound) for bound in (65536, 0.5, CACHED)] == ["65,536", "0.5", "meminfo:Cached at “before”"]
    floor = {"meminfo:Cached": 8}
    assert [noise_of(bound, one, floor) for bound in (None, 5, CACHED)] == [0, 0, 2]
    assert Combined("+", CACHED, 5) == CACHED + 5
    assert CACHED.called("x") == Called(CACHED, "x", "pages")
    assert CACHED.called("x", "sheets") == Called(CACHED, "x", "sheets")


@pytest.mark.parametrize(
    ("sign", "made"),
    [("+", operator.add), ("-", operator.sub), ("*", operator.mul), ("/", operator.truediv), ("//", operator.floordiv)],
)
def test_a_sign_between_two_makes_what_is_read_of_both(sign: str, made: Callable[[object, object], object]) -> None:
    assert made(CACHED, FAULTS) == Combined(sign, CACHED, FAULTS)
    assert made(CACHED, 5) == Combined(sign, CACHED, 5)
    assert abs(CACHED) == Magnitude(CACHED)
    assert pages(8192) == Size(8192)


FLOOR = {"meminfo:Cached": 8, "vmstat:pgfault": 1}


@pytest.mark.parametrize(
    ("quantity", "moved"),
    [
        (CACHED, 2),
        (CACHED.called("x"), 2),
        (FAULTS, 1),
        (GROWN, 2),
        (Recorded("half"), 0),
        (Pages("after", "file", "anonymous"), 0),
        (Size(4096), 0),
        (CACHED + FAULTS, 3),
        (CACHED - FAULTS, 3),
        (abs(CACHED - FAULTS), 3),
        (Recorded("half") * 5, 0),
        (Recorded("half") / Recorded("yes"), 0),
        (CACHED * 3, 6),
        (CACHED * -3, 6),
        (Recorded("half") * CACHED, 1),
        (Recorded("half") * 0 - FAULTS, 1),
        (CACHED / -4, 0.5),
        (CACHED // 3, 1),
        (CACHED / FAULTS, (2 + 10 / 5) / 4),
        (CACHED // FAULTS, 1),
        ((CACHED - 20) / FAULTS, (2 + 10 / 5) / 4),
        (FAULTS / CACHED, (1 + 5 / 10 * 2) / 8),
        (CACHED / (FAULTS - 4), math.inf),
        (CACHED / Recorded("never"), 0),
        (Counter("meminfo:Cached", "never") * 2, 0),
    ],
)
def test_how_far_noise_moves_it(quantity: Quantity, moved: float) -> None:
    assert quantity.noise(trial(), FLOOR) == pytest.approx(moved)


@pytest.mark.parametrize(
    ("sign", "one", "other", "moved"),
    [
        ("*", (10, 2), (5, 1), 10 * 1 + 5 * 2 + 2 * 1),
        ("*", (0, 2), (5, 0), 10),
        ("/", (10, 2), (5, 1), 1.0),
        ("/", (10, 2), (5, 5), math.inf),
        ("/", (10, 2), (5, 6), math.inf),
        ("//", (10, 2), (5, 1), 1),
        ("//", (10, 1), (4, 1), 2),
        ("//", (10, 0), (4, 0), 0),
    ],
)
def test_noise_through_products_and_quotients(
    sign: str, one: tuple[float, float], other: tuple[float, float], moved: float
) -> None:
    assert carried_noise(sign, one, other) == pytest.approx(moved)
    assert isinstance(carried_noise(sign, one, other), int) == (sign != "/" and moved != math.inf)


@pytest.mark.parametrize(
    ("floor", "idle", "moved"),
    [
        ({}, 0, 0),
        ({"meminfo:Cached": 4}, 0, 4),
        ({"meminfo:Cached": 4}, 8, 8),
        ({"meminfo:Cached": 4}, -8, 8),
        ({"meminfo:Cached": 9}, -8, 9),
        ({"meminfo:Shmem": 9}, 0, 0),
    ],
)
def test_the_noise_of_a_counter_is_the_larger_floor(floor: dict[str, int], idle: int, moved: int) -> None:
    assert counter_noise("meminfo:Cached", recording(idle=idle), floor) == moved


def test_a_node_is_as_noisy_as_its_group() -> None:
    one = recording()
    assert counter_noise("box/memory.numa_stat:anon.0", one, {"sandbox/memory.stat:anon": 64}) == 64
    assert counter_noise("box/memory.numa_stat:anon.0", one, {"sandbox/memory.numa_stat:anon.0": 5}) == 5
    assert same_source("box/memory.numa_stat:anon_thp.12") == "sandbox/memory.stat:anon_thp"
    assert same_source("box/memory.stat:anon") == "sandbox/memory.stat:anon"


@pytest.mark.parametrize(
    ("counter", "name"),
    [
        ("vmstat:pgfault", "vmstat:pgfault"),
        ("swaps", "swaps"),
        ("outer/inner/memory.stat:anon", "sandbox/memory.stat:anon"),
        ("box/memory.current", "sandbox/memory.current"),
        ("worker/statm:resident", "probe/statm:resident"),
        ("worker/oom_score", "probe/oom_score"),
        ("a/own:first", "own:first"),
    ],
)
def test_a_counter_has_one_name_in_every_experiment(counter: str, name: str) -> None:
    assert role(counter) == name
