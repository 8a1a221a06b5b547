"""Frames taken apart: every length in them is checked, and nothing beyond them is read."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agent import wire
from harness.errors import LabError, MachineLost
from harness.linux import pages

TIMES = struct.pack("<QQ", 5, 7)


def section(watch: int, content: bytes, size: int | None = None, error: int = 0) -> bytes:
    head = struct.pack("<IiQ", watch, error, len(content) if size is None else size)
    return head + content + b"\0" * (-len(content) % 8)


def test_a_sample_is_taken_apart() -> None:
    text = TIMES + section(1, b"a 1\n") + section(2, b"", error=3) + section(3, b"12345678")
    assert wire.sections(text) == (5, 7, [(1, 0, b"a 1\n"), (2, 3, b""), (3, 0, b"12345678")])
    assert wire.sections(TIMES) == (5, 7, [])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TIMES[:8],
        TIMES + b"123",
        TIMES + section(1, b"short", size=1000),
        TIMES + section(1, b"12345678", size=(1 << 64) - 1),
        TIMES + section(1, b"12345678", size=9),
        TIMES + section(1, b"1234567")[:-1],
    ],
)
def test_a_sample_that_is_cut_off(text: bytes) -> None:
    with pytest.raises(MachineLost, match="agent: sample"):
        wire.sections(text)


def test_other_frames_that_are_cut_off() -> None:
    for size in (0, 10, wire.REPLY_SIZE - 1, wire.REPLY_SIZE + 1):
        with pytest.raises(MachineLost, match="agent: reply"):
            wire.reply_head(bytes(size))
    with pytest.raises(MachineLost, match="agent: trace"):
        wire.syscalls(bytes(50))
    for look in (
        pages.frames,
        pages.mapped,
        lambda data: pages.count(data, "resident"),
        lambda data: pages.same_frames(data, b""),
    ):
        with pytest.raises(LabError, match="cut off"):
            look(bytes(25))


@given(st.binary(max_size=400) | st.builds(lambda tail: TIMES + section(1, b"x") + tail, st.binary(max_size=100)))
def test_whatever_comes_is_whole_or_refused(text: bytes) -> None:
    """What is taken as a sample is all of the text: its parts give the text again."""
    try:
        began, ended, found = wire.sections(text)
    except MachineLost:
        return
    assert len(text) == 16 + sum(wire.SECTION_SIZE + (len(content) + 7) // 8 * 8 for _, _, content in found)
    assert struct.pack("<QQ", began, ended) == text[:16]
