"""Settings of the kernel that move results: pinned before an experiment, read back, recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Settings:
    """The conditions of the claims, unless an experiment states others; None leaves the kernel's own and records it.

    lru: "classic" or "mglru". thp: set on the kernel's command line. malloc: the allocator that probes use.
    """

    lru: str | None = None
    thp: str = "never"
    malloc: str = "glibc"
    swappiness: int | None = 60
    overcommit: int | None = 0
    aslr: int | None = 2
    shm_rmid_forced: int | None = 0
    min_free_kbytes: int | None = None
    watermark_scale_factor: int | None = None
    watermark_boost_factor: int | None = None
    page_cluster: int | None = None
    ksm: int | None = 0
    zswap: str | None = "N"

    def pins(self) -> dict[str, str]:
        """Maps the paths of what is pinned to their values.

        A path that a kernel lacks is left out there and recorded as absent.
        """
        found = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in PATHS and value is not None:
                found[PATHS[item.name]] = LRU.get(value, str(value)) if item.name == "lru" else str(value)
        return found


PATHS = {
    "lru": "/sys/kernel/mm/lru_gen/enabled",
    "thp": "/sys/kernel/mm/transparent_hugepage/enabled",
    "swappiness": "/proc/sys/vm/swappiness",
    "overcommit": "/proc/sys/vm/overcommit_memory",
    "aslr": "/proc/sys/kernel/randomize_va_space",
    "shm_rmid_forced": "/proc/sys/kernel/shm_rmid_forced",
    "min_free_kbytes": "/proc/sys/vm/min_free_kbytes",
    "watermark_scale_factor": "/proc/sys/vm/watermark_scale_factor",
    "watermark_boost_factor": "/proc/sys/vm/watermark_boost_factor",
    "page_cluster": "/proc/sys/vm/page-cluster",
    "ksm": "/sys/kernel/mm/ksm/run",
    "zswap": "/sys/module/zswap/parameters/enabled",
}

# lru_gen/enabled: bit 0 is MGLRU itself, 1 and 2 its walks of page tables (Documentation/admin-guide/mm/
# multigen_lru.rst); kernels with MGLRU on by default have 7.
LRU = {"classic": "0", "mglru": "7"}


def read_back(name: str, text: str | None) -> str | None:
    """Gives a setting as it stands in results, from its file's text; None where the kernel has no such file."""
    if text is None:
        return "classic" if name == "lru" else None
    text = text.strip()
    if name == "lru":
        return "mglru" if int(text, 16) & 1 else "classic"
    if "[" in text:
        return text[text.index("[") + 1 : text.index("]")]
    return text


def stands(name: str, text: str | None, value: str) -> bool:
    """Says whether a setting's file, by its text, says so already: then it need not be written."""
    if text is None:
        return False
    return int(text, 16) == int(value) if name == "lru" else read_back(name, text) == value


# Not the kernel's: the size of its machine, as an experiment needs it unless the user asks for another.
MACHINE = {"memory": "MiB", "cpus": "processors"}
# What a guest is booted with, which no file of a running kernel sets: its size, and --append.
BOOTED = {*MACHINE, "append"}
CHOICES = {
    "lru": ("classic", "mglru"),
    "thp": ("always", "madvise", "never"),
    "malloc": ("glibc", "jemalloc", "tcmalloc"),
    "zswap": ("N", "Y"),
}


# The least and most that a setting can be on any kernel (Documentation/admin-guide/sysctl/vm.rst, mm/ksm.c, v6.12; of those
# without a bound of the kernel's, what no machine is in want of). memory: in less, no kernel of the archive boots.
RANGES = {
    "memory": (64, 1 << 20),
    "cpus": (1, 64),
    "swappiness": (0, 200),
    "overcommit": (0, 2),
    "aslr": (0, 2),
    "shm_rmid_forced": (0, 1),
    "min_free_kbytes": (0, 1 << 24),
    "watermark_scale_factor": (1, 3000),
    "watermark_boost_factor": (0, 1 << 20),
    "page_cluster": (0, 31),
    "ksm": (0, 2),
}


def names() -> list[str]:
    """Names all that can be set for a run."""
    return sorted([item.name for item in fields(Settings)] + list(MACHINE))


def fits(name: str, value: str) -> bool:
    """Says whether a setting can have this value."""
    if name in CHOICES:
        return value in CHOICES[name]
    least, most = RANGES[name]
    return re.fullmatch(r"[0-9]{1,9}", value) is not None and least <= int(value) <= most


def can_be(name: str) -> str:
    """Says in words what a setting can be."""
    if name in CHOICES:
        return " or ".join(CHOICES[name])
    return "a whole number from {} to {}".format(*RANGES[name])
