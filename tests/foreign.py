"""Text of others, damaged: what a strategy of Hypothesis makes of samples that are sound."""

from __future__ import annotations

import re

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
