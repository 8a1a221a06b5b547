"""The kernel proper in a bzImage, which its start unpacks: unpacked here too, and so found damaged or sound."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

from harness.machine.kernels import arm_image

# Where the header's fields lie (Documentation/arch/x86/boot.rst), in bytes from the start of the file; the payload's
# offset counts from the protected-mode code, which follows the setup sectors.
SETUP_SECTORS, PAYLOAD, SECTOR = 0x1F1, 0x248, 0x200


class Unpacking(Protocol):
    """What the modules for compressions have in common. eof: its end was reached, and its check sum is right."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, /) -> bytes: ...


# What begins a payload of each compression but lz4 and lzo, which Python can't unpack.
COMPRESSIONS: dict[bytes, Callable[[], Unpacking]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"\x28\xb5\x2f\xfd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    b"\x5d\x00\x00": lzma.LZMADecompressor,
    b"BZh": bz2.BZ2Decompressor,
}
ERRORS = (ValueError, EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


class DamagedPayload(Exception):
    """It begins as a packed kernel does, and can't be unpacked; the text says why not."""


def vmlinux(image: bytes) -> bytes | None:
    """Unpacks the kernel in an image: an ELF file from a bzImage, arm64's own format. None where there is none that Python
    could unpack. Raises DamagedPayload."""
    if arm_image.is_one(image):
        try:
            return arm_image.text(image)
        except ERRORS as error:
            raise DamagedPayload(str(error)) from None
    try:
        offset, length = struct.unpack_from("<II", image, PAYLOAD)
        start = (image[SETUP_SECTORS] + 1) * SECTOR + offset
    except (IndexError, struct.error):
        return None
    payload = image[start : start + length]
    if payload.startswith(b"\x7fELF"):
        return payload
    unpacking = next((make() for mark, make in COMPRESSIONS.items() if payload.startswith(mark)), None)
    if unpacking is None:
        return None
    try:
        found = unpacking.decompress(payload)  # its size, or other words, may follow
    except ERRORS as error:
        raise DamagedPayload(str(error)) from None
    if not unpacking.eof:
        raise DamagedPayload("it ends too early")
    return found
