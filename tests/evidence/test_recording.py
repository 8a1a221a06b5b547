"""A recording: what is written line by line, what each reading gives back, and what is said of one that is torn or damaged."""

from __future__ import annotations

import base64
import gc
import json
import random
import stat
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import zstandard

from harness.evidence import recording
from harness.evidence.recording import Recorder, Recording
from harness.false_evidence.made import page_entries
from harness.linux.architecture import ARM64


def packed(path: Path, text: bytes) -> Path:
    path.write_bytes(zstandard.ZstdCompressor(write_checksum=True).compress(text))
    return path


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


RECORD, END = {"event": "record", "name": "one", "value": 1}, {"event": "end", "status": "ok", "reason": ""}


# Writing.


def test_a_recorder_makes_its_directory_and_writes_a_line_for_each_event(tmp_path: Path) -> None:
    path = tmp_path / "run" / "cell" / "trial-1.jsonl.zst"
    for held in (0, 100):
        recorder = Recorder(path, held=held)
        assert (recorder.path, recorder.ended) == (path, False)
        recorder.event("record", name="µ", value=b"caf\xc3\xa9 \xff")
        assert not recorder.ended
        recorder.event("end", status="ok", reason="")
        recorder.event("note", text="after")
        assert recorder.ended
        recorder.close()
        text = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
        assert [json.loads(line) for line in text.splitlines()] == [
            {"event": "record", "name": "µ", "value": "café \\xff"},
            END,
            {"event": "note", "text": "after"},
        ]
        assert text.endswith(b"\n")


def test_a_recording_has_a_checksum_and_a_window_of_eight_mib(tmp_path: Path) -> None:
    """By them a flipped bit is noticed, and successive samples take little room."""
    recorder = Recorder(path := tmp_path / "one.jsonl.zst")
    recorder.event("end", status="ok", reason="")
    recorder.close()
    parameters = zstandard.get_frame_parameters(path.read_bytes())
    assert (parameters.has_checksum, parameters.window_size) == (True, 8 << 20)


def test_recordings_leave_nothing_behind_in_this_process(tmp_path: Path) -> None:
    """A writer of zstandard's loses a number of Python's at its close(), which keeps a pool of 16 KiB from being given back."""
    noise = random.Random(1)

    def write(count: int) -> int:
        for _ in range(count):
            recorder = Recorder(tmp_path / "one.jsonl.zst")
            recorder.event("record", name="one", value=noise.randbytes(3000).hex())
            recorder.close()
        gc.collect()
        return sys.getallocatedblocks()

    before = write(20)
    assert write(200) < before + 100


def test_what_is_no_json_is_no_evidence(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.jsonl.zst")
    with pytest.raises(TypeError, match=r"^no evidence can be made of set$"):
        recorder.event("record", name="one", value={1})
    recorder.close()
    assert recording.encode(b"\x00\xff") == "AP8="


def test_what_is_held_goes_to_the_file_in_order_and_no_sooner_than_it_must(tmp_path: Path) -> None:
    path = tmp_path / "held"
    held = recording._Held(path, 4)
    assert held.writable()
    for data, there in (
        (b"ab", b""),
        (b"cd", b""),  # it is full, and nothing waits to come
        (b"e", b"abcd"),
        (b"fghij", b"abcdefghij"),  # more than there is room for goes straight on
        (b"k", b"abcdefghij"),
        (b"lmno", b"abcdefghijk"),
        (b"", b"abcdefghijk"),
    ):
        assert held.write(data) == len(data)
        assert path.read_bytes() == there
    held.close()
    assert path.read_bytes() == b"abcdefghijklmno"
    held.close()
    assert held.closed


# Reading back.


def sample(name: str, **files: str | None) -> dict[str, Any]:
    return {"event": "sample", "name": name, "files": files}


def idle(**files: str | None) -> dict[str, Any]:
    return {"event": "idle", "files": files}


def pages(moment: str, label: str, data: bytes, kind: str = "mincore") -> dict[str, Any]:
    return {"event": "pages", "sample": moment, "label": label, "kind": kind, "data": base64.b64encode(data).decode()}


def test_texts_and_counters_of_moments() -> None:
    one = Recording(
        [sample("before", meminfo="Cached: 40 kB\nShmem: x\n", vmstat=None), sample("after", meminfo="Cached: 44 kB\n")]
    )
    assert (one.text("before", "meminfo"), one.text("before", "vmstat")) == ("Cached: 40 kB\nShmem: x\n", None)
    assert (one.text("before", "swaps"), one.text("never", "meminfo")) == (None, None)
    assert [one.counter(moment, "meminfo:Cached") for moment in ("before", "after", "never")] == [40, 44, None]
    assert (one.counter("before", "vmstat:pgfault"), one.unread) == (None, {})
    assert one.counter("before", "meminfo:Shmem") is None
    assert one.unread == {"meminfo:Shmem": "Cached: 40 kB\nShmem: x\n"}


def test_the_counters_of_a_group_are_its_own() -> None:
    one = Recording([sample("now", **{"a/memory.current": "4096\n", "b/memory.current": "8192\n", "b/memory.max": "max\n"})])
    assert [one.counter("now", f"{name}/memory.current") for name in ("a", "b")] == [4096, 8192]
    assert one.counter("now", "b/memory.max") is None
    assert one.unread == {"b/memory.max": "max\n"}


@pytest.mark.parametrize(
    ("texts", "grown"),
    [
        (("Cached: 40 kB\n", "Cached: 36 kB\n"), -4),
        (("Cached: 40 kB\n",), None),
        (("Cached: 40 kB\n",) * 3, None),
        ((None, "Cached: 40 kB\n"), None),
        (("Cached: 40 kB\n", None), None),
        ((), None),
    ],
)
def test_the_two_idle_samples(texts: tuple[str | None, ...], grown: int | None) -> None:
    one = Recording([sample("0", meminfo="Cached: 1 kB\n"), *(idle(meminfo=text) for text in texts)])
    assert one.idle_change("meminfo:Cached") == grown
    assert one.idle_texts("meminfo") == list(texts)
    assert one.idle_texts("vmstat") == [None] * len(texts)
    assert one.idle_change("vmstat:pgfault") is None


def test_smaps_of_a_range_at_a_moment() -> None:
    def smaps(moment: str, label: str, text: str) -> dict[str, Any]:
        return {"event": "smaps", "sample": moment, "label": label, "text": text}

    one = Recording(
        [
            sample("now"),
            smaps("now", "heap", "1"),
            smaps("now", "file", "2"),
            smaps("then", "heap", "3"),
            smaps("now", "heap", "4"),
        ]
    )
    assert [one.smaps(*where) for where in (("now", "heap"), ("now", "file"), ("then", "heap"), ("then", "file"))] == [
        "1",
        "2",
        "3",
        None,
    ]


def test_pages_of_a_range_at_a_moment() -> None:
    mapped = page_entries({"anonymous": 3, "absent": 2})
    one = Recording(
        [
            sample("now"),
            pages("now", "file", b"\1\1\0"),
            pages("then", "file", b"\1\0\0"),
            pages("now", "heap", mapped, "pagemap"),
        ]
    )
    assert one.page_data("now", "file") == ("mincore", b"\1\1\0")
    assert one.page_data("then", "file") == ("mincore", b"\1\0\0")
    assert one.page_data("now", "heap") == ("pagemap", mapped)
    assert one.page_data("then", "heap") is None
    assert [one.pages("now", "file", state) for state in ("resident", "absent", "dirty")] == [2, None, None]
    assert [one.pages("now", "heap", state) for state in ("anonymous", "absent", "dirty")] == [3, 2, 0]
    assert one.pages("then", "heap", "anonymous") is None


def test_pages_in_base64_that_is_damaged_are_refused() -> None:
    one = Recording([pages("now", "file", b"\1\1\0")])
    for damaged in ("A?Q=", "AQE?A", "AQ?EA"):
        one.events[0]["data"] = damaged
        with pytest.raises(ValueError, match=r"."):
            one.page_data("now", "file")


def test_frames_that_two_ranges_share() -> None:
    """Two ranges, each at one moment, or the second at another."""
    here, there = page_entries({"anonymous": 3}), page_entries({"anonymous": 2, "anonymous elsewhere": 1})
    one = Recording(
        [
            pages("now", "parent", here, "pagemap"),
            pages("now", "child", there, "pagemap"),
            pages("then", "child", here, "pagemap"),
            pages("now", "file", b"\1\1\1"),
        ]
    )
    assert one.same_frames("now", "parent", "child") == 2
    assert one.same_frames("now", "parent", "child", "then") == 3
    assert one.same_frames("then", "child", "parent", "now") == 3
    for first, second in (("parent", "nobody"), ("nobody", "parent"), ("parent", "file"), ("file", "parent")):
        assert one.same_frames("now", first, second) is None


def test_the_architecture_is_that_of_the_machine_that_was_opened() -> None:
    assert Recording([{"event": "start", "machine": {"arch": "aarch64"}}]).architecture is ARM64


def test_how_it_ended() -> None:
    assert Recording([RECORD, END]).end == END
    assert Recording([END, RECORD]).end == {"status": "broken", "reason": "the recording stops before its end"}
    assert Recording([]).end == {"status": "broken", "reason": "the recording stops before its end"}
    assert Recording([END], "line 2 is damaged").end == {"status": "broken", "reason": "line 2 is damaged"}


# Files.


def test_a_whole_recording_has_no_damage(tmp_path: Path) -> None:
    assert recording.read(packed(tmp_path / "one", lines(RECORD, END))) == Recording([RECORD, END])
    assert recording.read(packed(tmp_path / "none", b"")) == Recording([])


@pytest.mark.parametrize(
    ("text", "events", "damage"),
    [
        (lines(RECORD, END)[:-1], [RECORD], "the recording stops before its end"),
        (lines(RECORD) + b"{\n", [RECORD], "line 2 is damaged: Expecting property name enclosed in double quotes"),
        (lines(RECORD, RECORD) + b"[]\n", [RECORD, RECORD], "line 3 is damaged: a line is no event"),
        (lines({"name": "one"}), [], "line 1 is damaged: a line is no event"),
        (lines({"event": 5}), [], "line 1 is damaged: a line is no event"),
        (b"\xff\n", [], "line 1 is damaged: 'utf-8' codec can't decode byte 0xff"),
        (b"[" * 100_000 + b"\n", [], "line 1 is damaged: maximum recursion depth exceeded"),
        (lines({"event": "end", "status": "ok"}), [], "line 1 is damaged: an event end is not as its schema has it"),
    ],
)
def test_what_is_damaged_keeps_what_comes_before_it(tmp_path: Path, text: bytes, events: list[Any], damage: str) -> None:
    found = recording.read(packed(tmp_path / "one", text))
    assert found.events == events
    assert found.damage.startswith(damage)


@pytest.mark.parametrize(("window", "damage"), [(0x88, ""), (0x90, "its compressed text is damaged after 0 events")])
def test_a_window_that_takes_more_memory_than_128_mib_is_refused(tmp_path: Path, window: int, damage: str) -> None:
    """A frame's header (RFC 8878, 3.1.1.1.2) with an empty last block: 128 MiB, and 256."""
    path = tmp_path / "one"
    path.write_bytes(bytes([0x28, 0xB5, 0x2F, 0xFD, 0, window, 1, 0, 0]))
    assert recording.read(path) == Recording([], damage)


def test_a_file_that_is_torn_flipped_or_longer(tmp_path: Path) -> None:
    path = packed(tmp_path / "one", lines(RECORD, END))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert recording.read(path).damage == "the recording stops before its end"
    for behind in (b"x", whole, b"x" * 5000):
        path.write_bytes(whole + behind)
        assert recording.read(path) == Recording([RECORD, END], "something stands behind the recording's end")
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert recording.read(path).damage == f"its compressed text is damaged after {len(recording.read(path).events)} events"
    path.write_bytes(b"no recording at all")
    assert recording.read(path) == Recording([], "its compressed text is damaged after 0 events")


def test_what_stands_behind_an_end_that_a_chunk_ends_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for where it was not unpacked with the rest."""
    path = packed(tmp_path / "one", lines(RECORD, END))
    whole = path.read_bytes()
    monkeypatch.setattr(recording, "_CHUNK", len(whole))
    assert recording.read(path).damage == ""
    path.write_bytes(whole + b"x")
    assert recording.read(path).damage == "something stands behind the recording's end"


def test_a_file_that_is_none_or_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recording.read(tmp_path) == Recording([], "it is no file")
    path = packed(tmp_path / "one", lines(RECORD))
    assert stat.S_ISREG(path.stat().st_mode)

    def refused(path: Path) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(recording, "_lines", refused)
    assert recording.read(path) == Recording([], "it can't be read: Input/output error")


def test_the_limits_of_a_text_and_of_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much as the limit is read; one byte more is damage."""
    text = lines({**RECORD, "value": "x" * 1000}, END)
    first = text.index(b"\n")
    for name, limit, damage in (
        ("TEXT_LIMIT", len(text), ""),
        ("TEXT_LIMIT", len(text) - 1, "line 1 is damaged: it unpacks to more than 0 MiB"),
    ):
        monkeypatch.setattr(recording, name, limit)
        assert recording.read(packed(tmp_path / "one", text)).damage == damage
    monkeypatch.undo()
    open_end = text[:first]
    for limit, damage in (
        (len(open_end), "the recording stops before its end"),
        (len(open_end) - 1, "line 1 is damaged: it is longer than 0 MiB"),
    ):
        monkeypatch.setattr(recording, "LINE_LIMIT", limit)
        assert recording.read(packed(tmp_path / "one", open_end)).damage == damage
    monkeypatch.undo()
    assert (recording.TEXT_LIMIT, recording.LINE_LIMIT) == (512 << 20, 16 << 20)
    monkeypatch.setattr(recording, "TEXT_LIMIT", 3 << 20)
    assert recording.read(packed(tmp_path / "one", b"\n" * (4 << 20))).damage.endswith("it unpacks to more than 3 MiB")
    monkeypatch.undo()
    monkeypatch.setattr(recording, "LINE_LIMIT", 3 << 20)
    assert recording.read(packed(tmp_path / "one", b"x" * (4 << 20))).damage.endswith("it is longer than 3 MiB")


def test_a_long_recording_is_read_line_by_line(tmp_path: Path) -> None:
    events = [
        {**RECORD, "value": base64.b64encode(bytes((number * 7 + place * place) % 251 for place in range(300))).decode()}
        for number in range(40)
    ]
    path = packed(tmp_path / "one", lines(*events, END))
    assert path.stat().st_size > 2 * recording._CHUNK
    assert recording.read(path) == Recording([*events, END])


def noise(size: int) -> str:
    """Text that compression hardly makes smaller."""
    return random.Random(size).randbytes(size // 2).hex()


def test_a_line_is_put_together_from_many_blocks(tmp_path: Path) -> None:
    """zstd unpacks 128 KiB at once."""
    long = {**RECORD, "value": noise(1 << 20)}
    assert recording.read(packed(tmp_path / "one", lines(long, RECORD, long, END))) == Recording([long, RECORD, long, END])


def test_the_limit_of_a_text_is_of_all_its_lines_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "TEXT_LIMIT", 3 << 20)
    many = lines(*({**RECORD, "value": noise((1 << 19) + 2 * number)} for number in range(7)), END)  # no two alike
    few = many[: 2 << 20].rpartition(b"\n")[0] + b"\n"
    assert recording.read(packed(tmp_path / "few", few)).damage == ""
    assert recording.read(packed(tmp_path / "many", many)).damage.endswith("it unpacks to more than 3 MiB")


def test_what_unpacks_to_a_multiple_takes_no_more_memory_than_a_chunk_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is more than the limit nothing of the rest is unpacked: a KiB comes to 32 MiB at most."""
    path = packed(tmp_path / "one", b"\n" * (128 << 20))
    monkeypatch.setattr(recording, "TEXT_LIMIT", 1 << 20)
    tracemalloc.start()
    try:
        assert recording.read(path).damage.endswith("it unpacks to more than 1 MiB")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 96 << 20


@pytest.mark.parametrize(
    ("place", "name"),
    [((1, ""), "trial-1.jsonl.zst"), ((12, "with swap"), "trial-12.with swap.jsonl.zst"), ((3, "a.b"), "trial-3.a.b.jsonl.zst")],
)
def test_names_of_recordings(place: tuple[int, str], name: str) -> None:
    assert recording.name_of(*place) == name
    assert recording.place_of(name) == place


@pytest.mark.parametrize(
    "name", ["trial-0.jsonl.zst", "trial-1.json", "trial-1..jsonl.zst", "xtrial-1.jsonl.zst", "trial-1.jsonl.zst\n"]
)
def test_names_that_are_no_recordings(name: str) -> None:
    assert recording.place_of(name) is None


def test_trials_are_read_in_order_with_all_their_arms(tmp_path: Path) -> None:
    for name in ("trial-10.jsonl.zst", "trial-2.b.jsonl.zst", "trial-2.a.jsonl.zst", "trial-x.jsonl.zst"):
        packed(tmp_path / name, lines({**RECORD, "value": name}))
    packed(tmp_path / "trial-1.zst", b"")
    found = recording.read_trials(tmp_path)
    assert [(trial.number, {arm: one.records["one"] for arm, one in trial.arms.items()}) for trial in found] == [
        (2, {"a": "trial-2.a.jsonl.zst", "b": "trial-2.b.jsonl.zst"}),
        (10, {"": "trial-10.jsonl.zst"}),
    ]
    assert [path.name for path in recording.files(tmp_path)] == [
        "trial-10.jsonl.zst",
        "trial-2.a.jsonl.zst",
        "trial-2.b.jsonl.zst",
        "trial-x.jsonl.zst",
    ]
