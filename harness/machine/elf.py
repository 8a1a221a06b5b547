"""What a program's file tells of the machine that it is for, and of what it is linked with (elf(5))."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

# By the class: the formats of the header behind its identification and of a program header with the places of p_type, p_offset,
# p_vaddr and p_filesz in it, and of an entry of the dynamic section.
LAYOUTS = {
    1: ("HHIIIIIHHHHHH", "IIIIIIII", (0, 1, 2, 4), "iI"),
    2: ("HHIQQQIHHHHHH", "IIQQQQQQ", (0, 2, 3, 5), "qQ"),
}
ORDERS = {1: "<", 2: ">"}
LOAD, DYNAMIC, INTERPRETER = 1, 2, 3  # p_type
NEEDED, STRINGS = 1, 5  # d_tag


@dataclass(frozen=True)
class Program:
    """machine: elf(5)'s number. interpreter: the path of the loader that it asks for, "" of a static one. needed: the names of
    the libraries that it asks the loader for."""

    machine: int
    interpreter: str
    needed: tuple[str, ...]


def read(file: Path) -> Program | None:
    """Reads a program or library; None of a file that is neither, and of one that can't be read."""
    try:
        return _parsed(file.read_bytes())
    except (OSError, KeyError, IndexError, ValueError, struct.error):
        return None


def _parsed(data: bytes) -> Program:
    if data[:4] != b"\x7fELF":
        raise ValueError("no ELF file")
    order = ORDERS[data[5]]
    header, segment, places, entry = LAYOUTS[data[4]]
    _, machine, _, _, table, _, _, _, size, count, *_ = struct.unpack_from(order + header, data, 16)
    segments = []
    for number in range(count):
        fields = struct.unpack_from(order + segment, data, table + size * number)
        segments.append(tuple(fields[place] for place in places))

    def content(kind: int) -> bytes:
        return next((data[offset : offset + length] for what, offset, _, length in segments if what == kind), b"")

    dynamic = content(DYNAMIC)
    step = struct.calcsize(order + entry)
    entries = list(struct.iter_unpack(order + entry, dynamic[: len(dynamic) // step * step]))
    strings = 0
    for tag, value in entries:
        if tag == STRINGS:
            strings = next(
                value - at + offset for what, offset, at, length in segments if what == LOAD and at <= value < at + length
            )
    return Program(
        machine,
        content(INTERPRETER).rstrip(b"\0").decode(),
        tuple(_text(data, strings + value) for tag, value in entries if tag == NEEDED),
    )


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()
