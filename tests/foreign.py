"""Text and files of others, sound ones and what a strategy of Hypothesis damages in them."""

from __future__ import annotations

import re
import struct

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# Each test a second or two, whatever else this machine does; the cases are the same each time, so that a failure is one of
# what was changed.
QUICK = settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])

NUMBERS = (
    "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551617", "9" * 40, "9" * 5000,
    "12x", "1.5", "1e400", "nan", "inf", "0x10", "٣", "²", "", "-", "+1", "1_000", "\0",
)  # fmt: skip
PIECES = (
    "\n",
    " ",
    ":",
    "\t",
    "=",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    "/",
    "\\",
    "\\x41",
    "\r",
    "\x1b[2J",
    "\u202e",
    "\ud800",
    "�",
)
words = st.one_of(st.sampled_from(NUMBERS + PIECES), st.text(max_size=20), st.integers().map(str))


def _spliced(text: str, cuts: list[tuple[float, float, str]]) -> str:
    for begin, length, put in cuts:
        at = int(begin * len(text))
        text = text[:at] + put + text[at + int(length * 20) :]
    return text


def _renumbered(text: str, which: int, put: str) -> str:
    """Puts something in the place of a number of the text."""
    found = list(re.finditer(r"\d+", text))
    if not found:
        return text
    one = found[which % len(found)]
    return text[: one.start()] + put + text[one.end() :]


def _lines(text: str, first: int, second: int, twice: bool) -> str:
    """Exchanges two lines, or has one twice and not the other."""
    lines = text.split("\n")
    one, other = first % len(lines), second % len(lines)
    lines[one], lines[other] = lines[other], lines[other if twice else one]
    return "\n".join(lines)


fraction = st.floats(0, 1)


def damaged(*samples: str) -> st.SearchStrategy[str]:
    """Makes texts: any, or one of the samples with pieces put in and taken out, other numbers, other lines, or an early end."""
    sound = st.sampled_from(samples)
    number = st.integers(0, 1000)
    cuts = st.lists(st.tuples(fraction, fraction, words), min_size=1, max_size=4)
    return st.one_of(
        st.text(max_size=200),
        st.builds(_spliced, sound, cuts),
        st.builds(_renumbered, sound, number, words),
        st.builds(_lines, sound, number, number, st.booleans()),
        st.builds(lambda text, end: text[: int(end * len(text))], sound, fraction),
    )


def damaged_bytes(*samples: bytes) -> st.SearchStrategy[bytes]:
    """Makes bytes: any, or one of the samples with bytes changed, put in and taken out, or an early end."""
    sound = st.sampled_from(samples)
    cuts = st.lists(st.tuples(fraction, fraction, st.binary(max_size=16)), min_size=1, max_size=4)

    def spliced(data: bytes, made: list[tuple[float, float, bytes]]) -> bytes:
        for begin, length, put in made:
            at = int(begin * len(data))
            data = data[:at] + put + data[at + int(length * 20) :]
        return data

    return st.one_of(
        st.binary(max_size=200),
        st.builds(spliced, sound, cuts),
        st.builds(lambda data, end: data[: int(end * len(data))], sound, fraction),
    )


def module(*entries: str, bits: int = 64, order: str = "<") -> bytes:
    """Makes a kernel module with these entries ("depends=virtio,virtio_ring") in its section .modinfo, and no more."""
    info = b"".join(entry.encode() + b"\0" for entry in entries or ("license=GPL", "depends=virtio,virtio_ring"))
    names = b"\0.modinfo\0.shstrtab\0"
    size, before, word = {32: (52, 26, "I"), 64: (64, 34, "Q")}[bits]
    identity = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2])
    table = struct.pack(order + word, size + len(info) + len(names))
    counts = struct.pack(f"{order}HHH", {32: 40, 64: 64}[bits], 3, 2)
    head = identity + bytes(before) + table + bytes({32: 10, 64: 10}[bits]) + counts
    sections = [(0, 0, 0), (1, size, len(info)), (10, size + len(info), len(names))]
    form, rest = {32: ("IIIIII", 16), 64: ("IIQQQQ", 24)}[bits]
    rows = [struct.pack(order + form, name, 0, 0, 0, at, length) + bytes(rest) for name, at, length in sections]
    return head + info + names + b"".join(rows)
