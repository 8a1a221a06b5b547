"""Programs and libraries as small, or as large, as an experiment wants them: for x86-64, made without a compiler. Pure.

Format: elf(5). The kernel starts such a program as any other, and it only waits; the loader loads such a library as any other.
"""

from __future__ import annotations

import struct

BASE = 0x400000  # where such programs lie by custom; the kernel takes any address
PAUSE = bytes.fromhex("b822000000 0f05 ebf7")  # mov eax,34 (pause); syscall; jmp to the beginning


def waiting_program(size: int) -> bytes:
    """Makes the first bytes of a program file of `size` bytes, all of which is its text; what follows may be anything.

    Its headers and its first instruction are in what is returned.
    """
    headers, segment = 64, 56
    entry = headers + segment
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)  # 64 bits, little endian, version 1
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, BASE + entry, headers, 0, 0, headers, segment, 1, 0, 0, 0)
    read_execute, alignment = 5, 0x1000
    program = struct.pack("<IIQQQQQQ", 1, read_execute, 0, BASE, BASE, size, size, alignment)
    return head + program + PAUSE


def library(size: int) -> bytes:
    """Makes the first bytes of a shared library file of `size` bytes, all of which is its text; what follows may be anything.

    It has no symbols. The loader takes one whose dynamic section names a table of them and of their names, however empty.
    """
    headers, segment, entry = 64, 56, 16
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, headers, 0, 0, headers, segment, 3, 0, 0, 0)
    dynamic = headers + 3 * segment
    names = dynamic + 5 * entry  # an empty name, and the symbol of number 0
    read_execute, read, read_write, alignment = 5, 4, 6, 0x1000
    load = struct.pack("<IIQQQQQQ", 1, read_execute, 0, 0, 0, size, size, alignment)
    found = struct.pack("<IIQQQQQQ", 2, read, dynamic, dynamic, dynamic, 5 * entry, 5 * entry, 8)
    stack = struct.pack("<IIQQQQQQ", 0x6474E551, read_write, 0, 0, 0, 0, 0, 16)  # without it the stack would be executable
    strtab, symtab, strsz, syment, null = (5, names), (6, names + 8), (10, 1), (11, 24), (0, 0)
    table = b"".join(struct.pack("<QQ", *one) for one in (strtab, symtab, strsz, syment, null))
    return head + load + found + stack + table + bytes(8 + 24)
