"""What the report shows of pages and of OOM kills."""

from __future__ import annotations

import struct
from typing import Any

import pandas as pd
import pytest

from harness.evidence.recording import Recording, encode
from harness.linux.pages import ANON, EXCLUSIVE, LRU, PRESENT, SWAPBACKED, SWAPPED, ZERO_PAGE
from harness.reports import kills, microscope


def entry(frame: int, flags: int = LRU | ANON | SWAPBACKED, mapped: int = 1, bits: int = PRESENT) -> bytes:
    return struct.pack("<QQQ", bits | frame, flags, mapped)


def look(sample: str, label: str, data: bytes, kind: str = "pagemap") -> dict[str, Any]:
    return {"event": "pages", "sample": sample, "label": label, "kind": kind, "data": encode(data)}


ZERO, GONE, IN_SWAP = entry(1, ZERO_PAGE, 0), entry(0, 0, 0, 0), entry(5, 0, 0, SWAPPED)
RECORDING = Recording(
    [
        look("forked", "parent", entry(7, mapped=2) + entry(8, mapped=2) + ZERO),
        look("forked", "child", entry(8, mapped=2) + entry(9, bits=PRESENT | EXCLUSIVE) + ZERO + GONE + IN_SWAP),
        look("forked", "file", bytes((1, 1, 0)), "mincore"),
        look("later", "parent", GONE),
    ]
)


def test_what_each_range_was() -> None:
    parent, child, file, later = microscope.looks(RECORDING)
    assert (parent.size, parent.counts["anonymous"], parent.counts["zero"], parent.mapped_text) == (3, 2, 1, "0 to 2")
    assert parent.shared == {"child": 1}  # the page of zeros is no frame in common
    assert child.shared_text == "1 with parent"
    assert [child.counts[kind] for kind in ("anonymous", "zero", "absent", "swapped")] == [2, 1, 1, 1]
    assert (file.how, file.size, file.counts) == ("mincore", 3, {"in cache": 2, "not in cache": 1})
    assert (later.counts, later.mapped_text, later.shared) == ({"absent": 1}, "", {})
    assert microscope.columns([later, file]) == ["absent", "in cache", "not in cache"]


def test_page_by_page() -> None:
    found = microscope.frame(RECORDING, "forked", "child")
    assert list(found["kind"]) == ["anonymous", "anonymous", "zero", "absent", "swapped"]
    assert list(found["frame"][:2]) == [8, 9]
    assert found["frame"][3] is pd.NA
    assert list(found["exclusive"]) == [False, True, False, False, False]
    assert "dirty" not in found
    assert list(microscope.frame(RECORDING, "forked", "file")["in cache"]) == [True, True, False]
    with pytest.raises(KeyError, match="nobody"):
        microscope.frame(RECORDING, "forked", "nobody")


def test_kills_have_the_probes_names_and_how_they_ended() -> None:
    log = (
        "6,1,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/lab/box,"
        "task_memcg=/lab/box,task=probe,pid=7,uid=0\n"
        "3,2,6,-;Memory cgroup out of memory: Killed process 7 (probe) total-vm:8kB, anon-rss:4kB, file-rss:0kB, "
        "shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n"
        "3,3,7,-;Memory cgroup out of memory: Killed process 9 (other) total-vm:8kB, anon-rss:4kB, file-rss:0kB, "
        "shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0"
    )
    record = {"log": log, "pids": {"large": 7}, "ended": {"large": 9}}
    recording = Recording(
        [{"event": "record", "name": "the kill", "value": record}, {"event": "record", "name": "a number", "value": 3}]
    )
    assert [(row["what"], row["probe"], row["signal"]) for row in kills.rows(recording)] == [
        ("the kill", "large", "SIGKILL"),
        ("the kill", "other", "not watched"),
    ]
    assert kills.ended_by(256) == "status 1"
