"""The configuration that a kernel image may have in itself (CONFIG_IKCONFIG), unpacked once and kept in the cache."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import zstandard

from harness import cache
from harness.errors import Unavailable

# Where the header's fields lie (Documentation/arch/x86/boot.rst), in bytes from the start of the file; the payload's
# offset counts from the protected-mode code, which follows the setup sectors.
SETUP_SECTORS, PAYLOAD, SECTOR = 0x1F1, 0x248, 0x200
# The marks around the compressed text (kernel/configs.c), and what begins a payload of each compression but lz4 and lzo,
# which Python can't unpack.
START, END = b"IKCFG_ST", b"IKCFG_ED"


def _zlib(data: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(data)


COMPRESSIONS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": _zlib,
    b"\x28\xb5\x2f\xfd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    b"\xfd7zXZ\x00": lambda data: lzma.LZMADecompressor().decompress(data),
    b"\x5d\x00\x00": lambda data: lzma.LZMADecompressor().decompress(data),
    b"BZh": lambda data: bz2.BZ2Decompressor().decompress(data),
    b"\x7fELF": bytes,
}


def text_of(image: bytes) -> bytes | None:
    """Reads the configuration in a bzImage, None if there is none that can be read."""
    try:
        offset, length = struct.unpack_from("<II", image, PAYLOAD)
        start = (image[SETUP_SECTORS] + 1) * SECTOR + offset
        payload = image[start : start + length]
        unpack = next(how for mark, how in COMPRESSIONS.items() if payload.startswith(mark))
        vmlinux = unpack(payload)
        begin = vmlinux.index(START) + len(START)
        return gzip.decompress(vmlinux[begin : vmlinux.index(END, begin)])
    except (
        StopIteration,
        ValueError,
        IndexError,
        EOFError,
        OSError,
        struct.error,
        zlib.error,
        lzma.LZMAError,
        zstandard.ZstdError,
    ):
        return None


def embedded(image: Path, digest: str) -> Path | None:
    """Gives the configuration in a bzImage as a file of the cache, None if there is none. digest: of the image; one that has
    none is not looked through twice."""
    kept = cache.place("ikconfig") / f"{digest.partition(':')[2]}.config"
    try:
        if not cache.intact(kept):
            with cache.making(cache.directory("ikconfig") / kept.name) as new:
                new.write_bytes(text_of(image.read_bytes()) or b"")
        return kept if kept.stat().st_size else None
    except (OSError, Unavailable):  # without a cache: as of a kernel that has none
        return None
