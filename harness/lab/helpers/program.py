"""A program as small, or as large, as an experiment wants it: a static one for x86-64, made without a compiler. Pure.

Format: elf(5). The kernel starts it as any other; it only waits.
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
