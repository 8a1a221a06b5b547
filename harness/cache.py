"""The user's cache: kernels, disks and snapshots. Deleting it costs time and nothing else."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs


def directory(*parts: str) -> Path:
    """Gives a directory below the cache, made if missing. FOLKLAB_CACHE names another place for all of it."""
    root = os.environ.get("FOLKLAB_CACHE") or platformdirs.user_cache_dir("folklab")
    path = Path(root, *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a new file that takes the place of `path` at once when the block ends well: no reader sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds a lock that one process or thread has at a time; the kernel frees it when the holder dies."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
