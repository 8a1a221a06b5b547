"""What this machine is like, as far as answers depend on it: of several answers the one that holds here is marked."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from harness.claims import settings
from harness.linux.releases import order, series

# How people call settings that rows are told apart by.
CALLED = {
    "lru=mglru": "MGLRU",
    "lru=classic": "the classic LRU lists",
    "malloc=glibc": "glibc's malloc",
    "malloc=jemalloc": "jemalloc",
    "malloc=tcmalloc": "tcmalloc",
}
FILES = {
    "thp": "transparent huge pages",
    "overcommit": "overcommit_memory",
    "aslr": "randomize_va_space",
    "ksm": "KSM",
}


def called(name: str, value: str) -> str:
    """Says a setting as people do: "MGLRU", "transparent huge pages always", "swappiness 10"."""
    return CALLED.get(f"{name}={value}", f"{FILES.get(name, name)} {value}")


def axis_called(axis: Mapping[str, str]) -> str:
    return ", ".join(called(name, value) for name, value in axis.items())


@cache
def here(name: str) -> str | None:
    """Reads a setting of this machine from /sys and /proc; None where it has none, or where that is each program's own."""
    if name == "malloc":
        return "glibc" if "glibc" in (os.confstr("CS_GNU_LIBC_VERSION") or "") else None
    if name == "page_size":
        return str(os.sysconf("SC_PAGE_SIZE"))
    path = settings.PATHS.get(name)
    if path is None or "{" in path:
        return None
    try:
        text: str | None = Path(path).read_text()
    except FileNotFoundError:
        text = None
    except OSError:
        return None
    try:
        return settings.read_back(name, text)
    except ValueError:
        return None


def is_here(axis: Mapping[str, str]) -> bool:
    """Says whether all settings of an axis are as this machine has them; not for one without settings."""
    return bool(axis) and all(here(name) == value for name, value in axis.items())


def marked(axis: Mapping[str, str]) -> str:
    """Marks an answer whose settings are this machine's: "  ← yours: MGLRU"; "" for another's."""
    if not is_here(axis):
        return ""
    own = ", unless a program brings another" if "malloc" in axis else ""
    return f"  ← yours: {axis_called(axis)}{own}"


@cache
def release() -> str:
    """Gives the release of the kernel that runs here."""
    return platform.release()


def nearest_series(found: Iterable[str]) -> str | None:
    """Gives, of kernel series, this machine's, or the newest that is older; None where all are newer."""
    own = order(series(release()))
    older = [one for one in found if order(one) <= own]
    return max(older, key=order, default=None)
