"""The kernel that runs on this host, as those of guests are described."""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path

from harness import cache
from harness.errors import Unavailable
from harness.machine.kernels.kernel import BY_VERSION, Kernel, kernel_at


def kernel() -> Kernel:
    """Describes the kernel that runs here, with what lies beside its image; where that can't be read, told by its version."""
    release = platform.release()
    image = Path(f"/boot/vmlinuz-{release}")
    if os.access(image, os.R_OK):
        found = kernel_at(image)
        if found.release == release:
            return found
    digest = hashlib.sha256(platform.version().encode()).hexdigest()
    config = Path(f"/boot/config-{release}")
    return Kernel(
        release,
        release,
        image,
        None,
        config if os.access(config, os.R_OK) else _own_config(digest),
        "this host's",
        f"{BY_VERSION}{digest}",
    )


def _own_config(digest: str) -> Path | None:
    """Reads the configuration that the kernel itself tells (CONFIG_IKCONFIG_PROC), None if it does not."""
    told = Path("/proc/config.gz")
    if not told.exists():
        return None
    kept = cache.place("configs") / digest
    with suppress(Unavailable), cache.replacing(cache.directory("configs") / digest) as new:
        new.write_bytes(gzip.decompress(told.read_bytes()))
    return kept if kept.exists() else None
