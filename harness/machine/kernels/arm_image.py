"""Images of kernels for arm64: Image, plain or packed by gzip (Documentation/arch/arm64/booting.rst)."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from harness.errors import UsageError

# Where the header's magic lies, in bytes from its start.
MAGIC_AT, MAGIC = 0x38, b"ARM\x64"
FLAGS_AT = 0x18
GZIP = b"\x1f\x8b"
# An image that unpacks itself under EFI (include/linux/pe.h, LINUX_EFISTUB; drivers/firmware/efi/libstub/zboot-header.S):
# QEMU before 8.0 can't load it, and its text is packed.
ZBOOT = b"MZ\0\0zimg"
# linux_banner (init/version-timestamp.c): the header does not tell the release.
BANNER = re.compile(rb"Linux version (\d[\w.+~-]*) \(")
ENOUGH = MAGIC_AT + len(MAGIC)


def is_one(head: bytes) -> bool:
    """Says whether a file that begins so is an image for arm64, in whatever form."""
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, ENOUGH)
        except zlib.error:
            return False
    return head.startswith(ZBOOT) or head[MAGIC_AT:ENOUGH] == MAGIC


def page_size(head: bytes) -> int:
    """Tells the size of a kernel's pages in bytes, by the flags of its header; 4 KiB where they do not tell."""
    if head.startswith(GZIP):
        head = zlib.decompressobj(wbits=31).decompress(head, ENOUGH)
    flags = int.from_bytes(head[FLAGS_AT : FLAGS_AT + 8], "little")
    return {2: 16384, 3: 65536}.get(flags >> 1 & 3, 4096)


def text(data: bytes) -> bytes | None:
    """Gives the kernel's text out of an image; None where it is packed by what Python can't unpack. Raises OSError, EOFError or
    zlib.error for one that is damaged."""
    if data.startswith(ZBOOT):
        return None
    return gzip.decompress(data) if data.startswith(GZIP) else data


def release(image: Path) -> str:
    """Finds the release that the kernel will tell. Raises UsageError for an image that has none, or can't be read."""
    try:
        whole = text(image.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"kernel {image}", f"is damaged (it can't be unpacked: {error})", "copy it again") from None
    if whole is None:
        raise UsageError(f"kernel {image}", "unpacks itself under EFI only", "give that build's arch/arm64/boot/Image")
    if not (found := BANNER.search(whole)):
        raise UsageError(f"kernel {image}", "does not tell its release", "give the vmlinuz of a Linux kernel")
    return found[1].decode()
