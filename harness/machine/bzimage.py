"""The kernel image as a file: whether it is one, and which (Documentation/arch/x86/boot.rst)."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

from harness.errors import UsageError

SECTOR = 0x200  # bytes; the setup code follows the boot sector
# Where the header's fields lie, in bytes from the start of the file.
SETUP_SECTORS, PARAGRAPHS, BOOT_FLAG, MAGIC, VERSION = 0x1F1, 0x1F4, 0x1FE, 0x202, 0x20E


def release(image: Path) -> str:
    """The release that a bzImage tells, as `uname -r` would. Raises UsageError for any other file."""
    try:
        with image.open("rb") as file:
            head = file.read(SECTOR + 0x10000)  # the version's offset has 16 bits
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        remedy = "copy it to a place of yours" if isinstance(error, PermissionError) else "check the path"
        raise UsageError(f"kernel {image}", f"cannot be read ({error.strerror})", remedy) from None
    if head[:4] == b"\x7fELF":
        raise UsageError(f"kernel {image}", "is an ELF file", "give that build's arch/x86/boot/bzImage")
    if head[BOOT_FLAG : BOOT_FLAG + 2] != b"\x55\xaa" or head[MAGIC : MAGIC + 4] != b"HdrS":
        raise UsageError(f"kernel {image}", "is no kernel for x86 (no bzImage)", "give the path of a vmlinuz")
    code = struct.unpack_from("<I", head, PARAGRAPHS)[0] * 16
    whole = max((head[SETUP_SECTORS] + 1) * SECTOR, VERSION + 2) + code
    if size < whole:
        raise UsageError(f"kernel {image}", f"is cut short ({size} of {whole} bytes)", "copy it again")
    (offset,) = struct.unpack_from("<H", head, VERSION)
    words = head[SECTOR + offset :].partition(b"\0")[0].split()
    if not offset or not words or not words[0].isascii():
        raise UsageError(f"kernel {image}", "does not tell its release", "give the vmlinuz of a Linux kernel")
    return words[0].decode()


def digest(image: Path) -> str:
    """ "sha256:…" of the whole file."""
    return f"sha256:{hashlib.sha256(image.read_bytes()).hexdigest()}"
