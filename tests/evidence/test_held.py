"""A recording whose content waits in memory: what is written is the same, however little room there is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.evidence.recording import Recorder, read

EVENTS = [("record", {"name": str(number), "value": "x" * number}) for number in range(40)]


def written(path: Path, held: int) -> bytes:
    recorder = Recorder(path, held=held)
    for event, fields in EVENTS:
        recorder.event(event, **fields)
    recorder.event("end", status="ok", reason="")
    recorder.close()
    return path.read_bytes()


@pytest.mark.parametrize("held", [1, 7, 100, 1 << 20])
def test_it_is_the_same(tmp_path: Path, held: int) -> None:
    assert written(tmp_path / "held.jsonl.zst", held) == written(tmp_path / "plain.jsonl.zst", 0)
    assert [event["event"] for event in read(tmp_path / "held.jsonl.zst").events] == ["record"] * len(EVENTS) + ["end"]


def test_nothing_is_written_before_its_end_while_there_is_room(tmp_path: Path) -> None:
    """More than zstd and Python keep of a file that is not held: noise in hexadecimal digits, 512 KiB of it."""
    noise = random.Random(1).randbytes(1 << 18).hex()
    for held in (0, 4 << 20):
        path = tmp_path / f"{held}.jsonl.zst"
        recorder = Recorder(path, held=held)
        recorder.event("record", name="one", value=noise)
        assert (path.stat().st_size > 0) == (not held)
        recorder.close()
        recorder.close()
        assert path.stat().st_size > 1 << 18
