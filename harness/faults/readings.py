"""Faults of readings: what the agent sends of a file is not what the kernel has written there."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace

from harness.agent import wire
from harness.faults.shim import Answer, Answering, Asking, Request, Shim, pass_request

# The sample that decides: after a dry one, two idle ones and the one before, its number is five.
DECIDES = 5
WATCHED = "/proc/meminfo"
LINE = re.compile(rb"^Cached: +(\d+) kB$", re.M)
HEAD = struct.Struct("<IiQ")  # struct section

Section = tuple[int, int, bytes]  # watch number, errno, content


def frame_of(sections: list[Section], times: bytes) -> bytes:
    """Makes a sample's text of its sections."""
    parts = [times]
    for watch, error, content in sections:
        parts += [HEAD.pack(watch, error, len(content)), content, b"\0" * (-len(content) % 8)]
    return b"".join(parts)


def digits(text: bytes, change: Callable[[int], bytes]) -> bytes:
    """Puts other digits in the place of the line's number."""
    found = LINE.search(text)
    if not found:
        raise ValueError("the sample has no such line")
    return text[: found.start(1)] + change(int(found[1])) + text[found.end(1) :]


def cut(text: bytes) -> bytes:
    """Cuts a text within the line's number."""
    found = LINE.search(text)
    return text[: found.end(1) - 2] if found else b""


# What is made of /proc/meminfo. Each number that a fault puts there would refute the claim if it were believed.
TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda text: b"",
    "without the line": lambda text: LINE.sub(b"", text),
    "cut within the number": cut,
    "negative": lambda text: digits(text, lambda value: b"-%d" % value),
    "2^63": lambda text: digits(text, lambda value: b"%d" % (1 << 63)),
    "more than 2^64 by what was read": lambda text: digits(text, lambda value: b"%d" % ((1 << 64) + value + 4)),
    "a number of 40 digits": lambda text: digits(text, lambda value: b"%d" % (10**39 + value)),
    "a letter in the number": lambda text: digits(text, lambda value: b"%dx" % (value // 10)),
    "a fraction": lambda text: digits(text, lambda value: b"%d.5" % (value // 2)),
    "no UTF-8 in the number": lambda text: digits(text, lambda value: b"%d\xff%d" % (value // 1000, value % 1000)),
    "no UTF-8 in the name": lambda text: text.replace(b"\nCached:", b"\nC\xffched:"),
    "a zero byte in the number": lambda text: digits(text, lambda value: b"%d\0%d" % (value // 1000, value % 1000)),
    "the line twice": lambda text: text + b"Cached:           4 kB\n",
}


def shows(request: Request) -> tuple[int, str]:
    """Gives the number and the path of a request to watch a file."""
    number = int.from_bytes(request.data[16:24], "little")
    return number, request.data[wire.REQUEST_SIZE :].decode()


def of_sample(change: Callable[[bytes, int], bytes]) -> tuple[Asking, Answering]:
    """Makes a fault of the text of the sample that decides: change(text, number of the watched file) → text."""
    numbers: dict[str, int] = {}

    def asking(shim: Shim, request: Request) -> list[bytes] | None:
        if request.operation == "watch":
            number, path = shows(request)
            numbers[path] = number
        return None

    def answering(shim: Shim, answer: Answer) -> list[bytes] | None:
        request = answer.request
        if not request or request.operation != "sample" or request.number != DECIDES:
            return None
        changed = change(answer.reply.text, numbers[WATCHED])
        return [Answer(replace(answer.reply, text=changed), request).data]

    return asking, answering


def of_file(change: Callable[[Section], Section]) -> tuple[Asking, Answering]:
    """Makes a fault of what the sample that decides has of the watched file; the frame itself is sound."""

    def changed(text: bytes, number: int) -> bytes:
        sections = wire.sections(text)[2]
        return frame_of([change(one) if one[0] == number else one for one in sections], text[:16])

    return of_sample(changed)


def of_text(change: Callable[[bytes], bytes]) -> tuple[Asking, Answering]:
    return of_file(lambda section: (*section[:2], change(section[2])))


def longer(text: bytes, number: int) -> bytes:
    """Has the last section say that it is longer than what comes."""
    sections = wire.sections(text)[2]
    watch, error, content = sections[-1]
    return frame_of(sections[:-1], text[:16]) + HEAD.pack(watch, error, len(content) + 4096) + content


def of_pages(change: Callable[[bytes], bytes]) -> tuple[Asking, Answering]:
    """Makes a fault of mincore's answer about the file that decides, after the drop."""

    def answering(shim: Shim, answer: Answer) -> list[bytes] | None:
        request = answer.request
        if not request or request.operation != "mincore" or request.number != DECIDES:
            return None
        return [Answer(replace(answer.reply, text=change(answer.reply.text)), request).data]

    return pass_request, answering
