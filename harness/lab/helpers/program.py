"""Programs and libraries as small, or as large, as an experiment wants them: made without a compiler. Pure.

Format: elf(5). The kernel starts such a program as any other, and it only waits; the loader loads such a library as any other.
"""

from __future__ import annotations

import struct

from harness.linux.architecture import Architecture

INSTRUCTION = 4  # bytes that an instruction begins at a multiple of
BASE = 0x400000  # where such programs lie by custom; the kernel takes any address
# elf(5), by the bits of an address: the class, the formats of the headers, and their sizes.
CLASSES = {32: (1, "<HHIIIIIHHHHHH", "<IIIIIIII", 52, 32), 64: (2, "<HHIQQQIHHHHHH", "<IIQQQQQQ", 64, 56)}


def _ident(kind: int) -> bytes:
    return b"\x7fELF" + bytes((kind, 1, 1)) + bytes(9)  # little endian, version 1


def waiting_program(architecture: Architecture, size: int, page_size: int) -> bytes:
    """Makes the first bytes of a program file of `size` bytes, all of which is its text; what follows may be anything.

    Its headers and its first instruction are in what is returned.
    """
    kind, header, entries, headers, segment = CLASSES[architecture.bits]
    entry = -(-(headers + segment) // INSTRUCTION) * INSTRUCTION
    head = _ident(kind) + struct.pack(header, 2, architecture.elf, 1, BASE + entry, headers, 0, 0, headers, segment, 1, 0, 0, 0)
    flags = 5  # to be read and executed
    if architecture.bits == 64:
        program = struct.pack(entries, 1, flags, 0, BASE, BASE, size, size, page_size)
    else:  # the flags come later
        program = struct.pack(entries, 1, 0, BASE, BASE, size, size, flags, page_size)
    return (head + program).ljust(entry, b"\0") + architecture.pause


def library(architecture: Architecture, size: int, page_size: int) -> bytes:
    """Makes the first bytes of a shared library file of `size` bytes, all of which is its text, for 64 bits; what follows may be
    anything.

    It has no symbols. The loader takes one whose dynamic section names a table of them and of their names, however empty.
    """
    kind, header, entries, headers, segment = CLASSES[64]
    entry = 16
    head = _ident(kind) + struct.pack(header, 3, architecture.elf, 1, 0, headers, 0, 0, headers, segment, 3, 0, 0, 0)
    dynamic = headers + 3 * segment
    names = dynamic + 5 * entry  # an empty name, and the symbol of number 0
    read_execute, read, read_write = 5, 4, 6
    load = struct.pack(entries, 1, read_execute, 0, 0, 0, size, size, page_size)
    found = struct.pack(entries, 2, read, dynamic, dynamic, dynamic, 5 * entry, 5 * entry, 8)
    stack = struct.pack(entries, 0x6474E551, read_write, 0, 0, 0, 0, 0, 16)  # without it the stack would be executable
    strtab, symtab, strsz, syment, null = (5, names), (6, names + 8), (10, 1), (11, 24), (0, 0)
    table = b"".join(struct.pack("<QQ", *one) for one in (strtab, symtab, strsz, syment, null))
    return head + load + found + stack + table + bytes(8 + 24)
