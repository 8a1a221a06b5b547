"""Settings of the kernel that move results: pinned before an experiment, read back, recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Settings:
    """The conditions of the claims, unless an experiment states others; None leaves the kernel's own and records it.

    lru: "classic" or "mglru". thp: set on the kernel's command line. malloc: the allocator that probes use. readahead: of
    the disk, KiB. nsdelegate to memory_hugetlb_accounting: options with which cgroup2 is mounted, "Y" or "N"; a guest has
    the first two, as systemd mounts it. The others are named as their files (PATHS).
    """

    lru: str | None = None
    lru_min_ttl_ms: int | None = None
    thp: str = "never"
    thp_defrag: str | None = None
    thp_shmem: str | None = None
    khugepaged_defrag: int | None = None
    khugepaged_scan_sleep_millisecs: int | None = None
    khugepaged_alloc_sleep_millisecs: int | None = None
    khugepaged_pages_to_scan: int | None = None
    khugepaged_max_ptes_none: int | None = None
    malloc: str = "glibc"
    swappiness: int | None = 60
    overcommit: int | None = 0
    overcommit_ratio: int | None = None
    admin_reserve_kbytes: int | None = None
    user_reserve_kbytes: int | None = None
    max_map_count: int | None = None
    panic_on_oom: int | None = None
    oom_kill_allocating_task: int | None = None
    aslr: int | None = 2
    shm_rmid_forced: int | None = 0
    min_free_kbytes: int | None = None
    watermark_scale_factor: int | None = None
    watermark_boost_factor: int | None = None
    vfs_cache_pressure: int | None = None
    dirty_ratio: int | None = None
    dirty_background_ratio: int | None = None
    dirty_bytes: int | None = None
    dirty_background_bytes: int | None = None
    dirty_expire_centisecs: int | None = None
    dirty_writeback_centisecs: int | None = None
    page_cluster: int | None = None
    readahead: int | None = None
    ksm: int | None = 0
    ksm_sleep_millisecs: int | None = None
    ksm_pages_to_scan: int | None = None
    zswap: str | None = "N"
    zswap_compressor: str | None = None
    zswap_max_pool_percent: int | None = None
    zswap_shrinker: str | None = None
    nsdelegate: str | None = None
    memory_recursiveprot: str | None = None
    memory_localevents: str | None = None
    memory_hugetlb_accounting: str | None = None

    def pins(self) -> dict[str, str]:
        """Maps each setting that is pinned to its value, as its file takes it."""
        found = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "malloc"}
        return {name: LRU.get(value, str(value)) for name, value in found.items() if value is not None}


VM = "/proc/sys/vm"
THP = "/sys/kernel/mm/transparent_hugepage"
KSM = "/sys/kernel/mm/ksm"
ZSWAP = "/sys/module/zswap/parameters"
# {disk}: the first disk of the machine that is not for swap.
PATHS = {
    "lru": "/sys/kernel/mm/lru_gen/enabled",
    "lru_min_ttl_ms": "/sys/kernel/mm/lru_gen/min_ttl_ms",
    "thp": f"{THP}/enabled",
    "thp_defrag": f"{THP}/defrag",
    "thp_shmem": f"{THP}/shmem_enabled",
    **{
        f"khugepaged_{file}": f"{THP}/khugepaged/{file}"
        for file in ("defrag", "scan_sleep_millisecs", "alloc_sleep_millisecs", "pages_to_scan", "max_ptes_none")
    },
    "swappiness": f"{VM}/swappiness",
    "overcommit": f"{VM}/overcommit_memory",
    "overcommit_ratio": f"{VM}/overcommit_ratio",
    "admin_reserve_kbytes": f"{VM}/admin_reserve_kbytes",
    "user_reserve_kbytes": f"{VM}/user_reserve_kbytes",
    "max_map_count": f"{VM}/max_map_count",
    "panic_on_oom": f"{VM}/panic_on_oom",
    "oom_kill_allocating_task": f"{VM}/oom_kill_allocating_task",
    "aslr": "/proc/sys/kernel/randomize_va_space",
    "shm_rmid_forced": "/proc/sys/kernel/shm_rmid_forced",
    "min_free_kbytes": f"{VM}/min_free_kbytes",
    "watermark_scale_factor": f"{VM}/watermark_scale_factor",
    "watermark_boost_factor": f"{VM}/watermark_boost_factor",
    "vfs_cache_pressure": f"{VM}/vfs_cache_pressure",
    **{
        f"dirty_{file}": f"{VM}/dirty_{file}"
        for file in ("ratio", "background_ratio", "bytes", "background_bytes", "expire_centisecs", "writeback_centisecs")
    },
    "page_cluster": f"{VM}/page-cluster",
    "readahead": "/sys/block/{disk}/queue/read_ahead_kb",
    "ksm": f"{KSM}/run",
    "ksm_sleep_millisecs": f"{KSM}/sleep_millisecs",
    "ksm_pages_to_scan": f"{KSM}/pages_to_scan",
    "zswap": f"{ZSWAP}/enabled",
    "zswap_compressor": f"{ZSWAP}/compressor",
    "zswap_max_pool_percent": f"{ZSWAP}/max_pool_percent",
    "zswap_shrinker": f"{ZSWAP}/shrinker_enabled",
}
# Of the whole cgroup2 hierarchy (Documentation/admin-guide/cgroup-v2.rst, "Mounting"); what a kernel knows stands in
# /sys/kernel/cgroup/features.
CGROUP_OPTIONS = ("nsdelegate", "memory_recursiveprot", "memory_localevents", "memory_hugetlb_accounting")

# lru_gen/enabled: bit 0 is MGLRU itself, 1 and 2 its walks of page tables (Documentation/admin-guide/mm/
# multigen_lru.rst); kernels with MGLRU on by default have 7.
LRU = {"classic": "0", "mglru": "7"}
# Values that say no more than that the kernel does not do it: one without the setting has them too.
OFF = {
    "lru": "classic",
    "thp": "never",
    "ksm": "0",
    "zswap": "N",
    "shm_rmid_forced": "0",
    "watermark_boost_factor": "0",
    **dict.fromkeys(CGROUP_OPTIONS, "N"),
}


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


def matters(name: str, value: object) -> bool:
    """Says whether a kernel that has no such setting lacks what this value asks for. What every experiment has that states
    nothing else asks for nothing."""
    return value is not None and str(value) not in {str(getattr(Settings(), name)), OFF.get(name)}


# Not the kernel's: the size of its machine, as an experiment needs it unless the user asks for another. disk_size and
# disk_rate are those of every disk but the ones for swap.
MACHINE = {"memory": "MiB", "cpus": "processors", "disk_size": "MiB", "disk_rate": "MiB/s"}
# What a guest is booted with, which no file of a running kernel sets: its size, and --append.
BOOTED = {*MACHINE, "append"}
CHOICES = {
    "lru": ("classic", "mglru"),
    "thp": ("always", "madvise", "never"),
    "thp_defrag": ("always", "defer", "defer+madvise", "madvise", "never"),
    "thp_shmem": ("always", "within_size", "advise", "never", "deny", "force"),
    "malloc": ("glibc", "jemalloc", "tcmalloc"),
    **dict.fromkeys(("zswap", "zswap_shrinker", *CGROUP_OPTIONS), ("N", "Y")),
}
WORDS = {"zswap_compressor": r"[a-z0-9-]+"}


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
ANY = (0, 999_999_999)  # the other numbers: a kernel that does not take one says so


def names() -> list[str]:
    """Names all that can be set for a run."""
    return sorted([item.name for item in fields(Settings)] + list(MACHINE))


def fits(name: str, value: str) -> bool:
    """Says whether a setting can have this value."""
    if name in WORDS:
        return bool(re.fullmatch(WORDS[name], value))
    if name in CHOICES:
        return value in CHOICES[name]
    least, most = RANGES.get(name, ANY)
    return re.fullmatch(r"[0-9]{1,9}", value) is not None and least <= int(value) <= most


def can_be(name: str) -> str:
    """Says in words what a setting can be."""
    if name in CHOICES:
        return " or ".join(CHOICES[name])
    if name in WORDS:
        return "a name"
    return "a whole number from {} to {}".format(*RANGES.get(name, ANY))
