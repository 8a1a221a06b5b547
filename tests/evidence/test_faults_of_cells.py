"""What must be so before a cell is judged, word for word, on records and recordings made by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from harness.evidence import integrity
from harness.evidence.recording import Recording, Trial

KERNEL = "6.12.9-made"
FIRST, SECOND, THIRD = (f"trial-{number}.jsonl.zst" for number in (1, 2, 3))


def record(**other: Any) -> Any:
    return {"experiment": "made", "version": 3, "trials": 2, "kernel": KERNEL, "axis": {}, **other}


def began(**other: Any) -> dict[str, Any]:
    machine = {"name": "vm", "release": KERNEL, "page_size": 4096, **other.pop("machine", {})}
    return {"event": "start", "machine": machine, "experiment": "made", "version": 3, "arm": "", "settings": {}, **other}


def arm(status: str = "ok", reason: str = "", **start: Any) -> Recording:
    return Recording([began(**start), {"event": "end", "status": status, "reason": reason}])


def unfinished(there: list[Trial], arms: tuple[str, ...] = ("",), trials: int = 2) -> list[str]:
    return list(integrity.unfinished(there, record(trials=trials), arms))


def test_trials_that_are_missing_are_named() -> None:
    whole = [Trial(number, {"": arm()}) for number in (1, 2, 3)]
    assert unfinished(whole[:2]) == []
    assert unfinished(whole[1:2]) == ["of 2 planned trials 1 are there: trial 1 is missing"]
    assert unfinished([], trials=1) == ["of 1 planned trials 0 are there: trial 1 is missing"]
    assert unfinished([], trials=0) == ["it was planned with 0 trials"]
    assert unfinished(whole[:2], trials=900) == ["of 900 planned trials 2 are there: trial 3, 4, 5, 6, 7 is missing"]
    assert unfinished([whole[0], whole[2]], trials=3) == ["of 3 planned trials 2 are there: trial 2 is missing"]


def test_an_arm_that_is_missing_broke_or_is_anothers_is_named() -> None:
    both = ("with", "without")

    def of(*arms: Recording) -> list[str]:
        return unfinished([Trial(1, dict(zip(both, arms, strict=False)))], both, trials=1)

    assert of(arm(arm="with"), arm(arm="without")) == []
    assert of(arm(arm="with")) == ["trial 1 (without) is missing"]
    assert unfinished([Trial(1, {})], both, trials=1) == ["trial 1 (with) is missing"]
    assert of(arm("broken", "lost", arm="with")) == ["trial 1 (with): lost"]
    assert of(arm("skipped", "no swap", arm="with")) == [], "the others are not run then"
    assert of(arm("absent", "no such setting", arm="other")) == [], "the kernel has no such setting"
    assert of(arm(arm="without"), arm(arm="without")) == ["trial 1 (with): it is of arm 'without', the cell's is 'with'"]
    copied = [Trial(number, {"": arm(trial=1)}) for number in (1, 2)]
    assert unfinished(copied) == ["trial 2: it is of trial 1, the cell's is 2"]
    lacking = [Trial(1, {}), Trial(2, {})]
    assert unfinished(lacking) == ["trial 1 is missing", "trial 2 is missing"]
    many = [Trial(1, {"": arm("skipped", "so")}), Trial(2, {"": arm("broken", "lost")}), Trial(3, {"": arm(version=2)})]
    assert unfinished(many, trials=3) == ["trial 2: lost", "trial 3: it is of version 2, the cell's is 3"]


def foreign(*events: dict[str, Any], number: int = 1, **other: Any) -> list[str]:
    return list(integrity.foreign(Recording(list(events)), record(**other), number, ""))


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ({}, []),
        ({"trial": 1}, []),
        ({"experiment": "\x1b[31m"}, ["it is of experiment '\\x1b[31m', the cell's is 'made'"]),
        ({"version": "x" * 100}, [f"it is of version '{'x' * 79}, the cell's is 3"]),
        ({"arm": "b"}, ["it is of arm 'b', the cell's is ''"]),
        ({"trial": 2}, ["it is of trial 2, the cell's is 1"]),
        ({"machine": {"release": "5.10.1\x1b"}}, [f"it is of kernel '5.10.1\\x1b', the cell's is {KERNEL}"]),
        ({"machine": {"release": "9" * 100}}, [f"it is of kernel '{'9' * 79}, the cell's is {KERNEL}"]),
        ({"machine": {"page_size": 0}}, ["its page size is 0"]),
        ({"machine": {"page_size": -4096}}, ["its page size is -4096"]),
        ({"machine": {"page_size": 1}}, []),
        ({"settings": {"lru": "mglru"}}, []),
    ],
)
def test_a_recording_says_whose_it_is(start: dict[str, Any], says: list[str]) -> None:
    assert foreign(began(**start)) == says


def test_a_long_name_is_cut_and_a_recording_without_a_start_is_nobodys() -> None:
    assert foreign(began(), experiment="x" * 100) == [f"it is of experiment 'made', the cell's is '{'x' * 79}"]
    assert foreign() == ["it has no start"]


@pytest.mark.parametrize(
    ("machine", "cell", "settings", "says"),
    [
        ("vm", {"axis": {"lru": "mglru"}}, {"lru": "classic"}, "its setting lru is 'classic', the cell's is mglru"),
        ("local", {"axis": {"lru": "mglru"}}, {"lru": "classic"}, "its setting lru is 'classic', the cell's is mglru"),
        ("vm", {"axis": {"lru": "mglru"}}, {"lru": None}, ""),
        ("vm", {"axis": {"lru": "mglru"}}, {}, ""),
        ("vm", {"axis": {"append": "a"}}, {"append": "b"}, ""),
        ("vm", {"axis": {"memory": "512"}}, {"memory": "536870912"}, ""),
        ("vm", {"sets": {"swappiness": 60}}, {"swappiness": "60"}, ""),
        (
            "vm",
            {"sets": {"swappiness": 60}},
            {"swappiness": "9" * 99},
            f"its setting swappiness is '{'9' * 79}, the cell's is 60",
        ),
        ("local", {"sets": {"swappiness": 60}}, {"swappiness": "100"}, ""),
        ("vm", {"sets": {"thp": "never"}}, {"thp": "always"}, ""),
        ("vm", {"sets": {"lru": "classic"}, "axis": {"lru": "mglru"}}, {"lru": "mglru"}, ""),
    ],
)
def test_settings_that_a_recording_must_have(machine: str, cell: dict[str, Any], settings: dict[str, Any], says: str) -> None:
    """In a guest all that is pinned but THP; on a host, which leaves some as they are, what the cell is told apart by."""
    assert foreign(began(machine={"name": machine}, settings=settings), **cell) == ([says] if says else [])


def test_names_that_stand_twice() -> None:
    def pages(label: str, moment: str = "now") -> dict[str, Any]:
        return {"event": "pages", "sample": moment, "label": label}

    record, sample = {"event": "record", "name": "one"}, {"event": "sample", "name": "one"}
    operation = {"event": "operation", "name": "one", "sample": "one", "label": "one"}
    once = [record, sample, {**record, "name": "two"}, pages("a"), pages("b"), pages("a", "then"), operation, operation]
    assert integrity.twice(once) == []
    assert integrity.twice([*once, record, pages("a"), record]) == [("record", "one"), ("pages", "now: a")]
    assert integrity.twice([*once, sample]) == [("sample", "one")]
    shown = ("\\x1b" * 40)[:79]
    assert foreign(began(), record, {**record, "name": "\x1b" * 40}, {**record, "name": "\x1b" * 40}) == [
        f"the record '{shown} stands in it twice"
    ]


def files(directory: Path, cell: dict[str, Any], arms: tuple[str, ...] = ("",)) -> list[str]:
    return list(integrity.faults(directory, record(**cell), arms))


def test_files_that_are_not_as_the_cell_lists_them(tmp_path: Path) -> None:
    for name, data in ((FIRST, b"first"), (SECOND, b"second")):
        (tmp_path / name).write_bytes(data)
    cell: Any = record()
    integrity.enter_recordings(tmp_path, cell)
    digests = {FIRST: integrity.digest_of(tmp_path / FIRST), SECOND: integrity.digest_of(tmp_path / SECOND)}
    assert digests[FIRST] == "sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
    assert (cell["recordings"], cell["digests"]) == ({FIRST: 5, SECOND: 6}, digests)
    assert files(tmp_path, cell) == []
    assert files(tmp_path, {**cell, "digests": None}) == []
    changed = {**cell, "digests": {**digests, FIRST: "sha256:0"}}
    assert files(tmp_path, changed) == [f"{FIRST} was changed since it was written: its digest is another"]
    assert files(tmp_path, {**cell, "digests": {SECOND: digests[SECOND]}}) == [
        f"{FIRST} was changed since it was written: its digest is another"
    ]
    sizes = {**cell, "recordings": {FIRST: 5, SECOND: 1000}}
    assert files(tmp_path, sizes) == [f"{SECOND} was changed since it was written: it has 6 bytes, it had 1,000"]
    (tmp_path / SECOND).write_bytes(b"x" * 1000)
    assert files(tmp_path, cell) == [f"{SECOND} was changed since it was written: it has 1,000 bytes, it had 6"]
    assert files(tmp_path, {**cell, "recordings": {FIRST: 5}}) == [f"{SECOND} was not there when the cell was finished"]
    (tmp_path / SECOND).unlink()
    assert files(tmp_path, cell) == [f"{SECOND} is missing"]
    (tmp_path / SECOND).mkdir()
    assert files(tmp_path, cell) == [f"{SECOND} is no file"]
    assert files(tmp_path, {}) == [], "from before sizes were listed"


def test_files_that_nobody_planned(tmp_path: Path) -> None:
    odd = f"x\x1b{'y' * 100}.jsonl.zst"
    names = (FIRST, "trial-2.swap.jsonl.zst", THIRD, odd)
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert files(tmp_path, {}, ("", "swap")) == [
        f"{THIRD}: no recording of that name was planned",
        f"x\\x1b{'y' * 75}: no recording of that name was planned",
    ]
    assert files(tmp_path, {}) == [
        "trial-2.swap.jsonl.zst: no recording of that name was planned",
        f"{THIRD}: no recording of that name was planned",
        f"x\\x1b{'y' * 75}: no recording of that name was planned",
    ]
    for name in names:
        (tmp_path / name).unlink()
    assert files(tmp_path, {"recordings": {odd: 0}}) == [f"x\\x1b{'y' * 75} is missing"]


def test_a_digest_is_of_the_whole_file(tmp_path: Path) -> None:
    data = bytes(range(256)) * 8192 + b"behind two MiB"
    (tmp_path / "one").write_bytes(data)
    assert integrity.digest_of(tmp_path / "one") == f"sha256:{hashlib.sha256(data).hexdigest()}"
