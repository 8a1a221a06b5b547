"""The configuration that a kernel image may have in itself (CONFIG_IKCONFIG), unpacked once and kept in the cache."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from harness import cache
from harness.errors import Unavailable
from harness.machine.kernels import payload

# The marks around the compressed text (kernel/configs.c).
START, END = b"IKCFG_ST", b"IKCFG_ED"


def text_of(image: bytes) -> bytes | None:
    """Reads the configuration in a bzImage, None if there is none that can be read."""
    try:
        vmlinux = payload.vmlinux(image) or b""
        begin = vmlinux.index(START) + len(START)
        return gzip.decompress(vmlinux[begin : vmlinux.index(END, begin)])
    except (payload.DamagedPayload, ValueError, EOFError, OSError, zlib.error):
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
