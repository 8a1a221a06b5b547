"""What a module's file tells of itself: its section .modinfo (scripts/mod/modpost.c), out of an ELF file that may be packed."""

from __future__ import annotations

import gzip
import lzma
import struct
import zlib
from pathlib import Path

import zstandard

from harness.errors import UsageError

SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
# elf(5), by the class: the formats of e_shoff and of the sizes at the header's end with their places, and of a section
# header, of which the first word is the name's offset; the places of sh_offset and sh_size in it.
LAYOUTS = {
    1: ("I", 0x20, 0x2E, "IIIIII", 4, 5),
    2: ("Q", 0x28, 0x3A, "IIQQQQ", 4, 5),
}
ORDERS = {1: "<", 2: ">"}
Entries = dict[str, list[str]]


def name_of(file: str) -> str:
    """Gives the name of the module in a file of that name or path."""
    return normal(Path(file).name.partition(".ko")[0])


def normal(name: str) -> str:
    """Gives a module's name or alias as modprobe compares it: "-" and "_" are the same."""
    return name.replace("-", "_")


def unpacked(file: Path) -> bytes:
    """Reads a module as the kernel wants it. Raises UsageError for one that is damaged."""
    data = file.read_bytes()
    try:
        if file.suffix == ".xz":
            return lzma.decompress(data)
        if file.suffix == ".gz":
            return gzip.decompress(data)
        if file.suffix == ".zst":  # as a stream: modules' frames need not tell their size
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except (lzma.LZMAError, EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
        raise damaged(file, str(error)) from None
    return data


def entries(file: Path, data: bytes) -> Entries:
    """Reads the values of each key, in their order. Raises UsageError for a file that is no module."""
    try:
        section = _section(data, b".modinfo")
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise damaged(file, str(error)) from None
    found: Entries = {}
    for entry in section.split(b"\0"):
        key, is_one, value = entry.decode(errors="replace").partition("=")
        if is_one:
            found.setdefault(key, []).append(value)
    return found


def _section(data: bytes, name: bytes) -> bytes:
    """Reads the content of a section (elf(5)). Raises ValueError, KeyError, IndexError or struct.error without one."""
    if data[:4] != b"\x7fELF":
        raise ValueError("no ELF file")
    order = ORDERS[data[5]]
    offset_format, offset_at, counts_at, header, at_offset, at_size = LAYOUTS[data[4]]
    (table,) = struct.unpack_from(order + offset_format, data, offset_at)
    size, count, names_index = struct.unpack_from(f"{order}HHH", data, counts_at)  # e_shentsize, e_shnum, e_shstrndx
    headers = [struct.unpack_from(order + header, data, table + size * i) for i in range(count)]
    names = headers[names_index][at_offset]
    for one in headers:
        if data.startswith(name + b"\0", names + one[0]):
            return data[one[at_offset] : one[at_offset] + one[at_size]]
    raise ValueError(f"no section {name.decode()}")


def damaged(file: Path, reason: str) -> UsageError:
    """Makes the error for a module's file that can't be read as one."""
    return UsageError(f"module {file}", f"is damaged ({reason})", "fetch the kernel again")
