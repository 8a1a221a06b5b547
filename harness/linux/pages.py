"""The page microscope: what each page of a range is, from pagemap, kpageflags, kpagecount and mincore. Pure.

Bits of pagemap: Documentation/admin-guide/mm/pagemap.rst; of kpageflags: include/uapi/linux/kernel-page-flags.h, and
include/linux/kernel-page-flags.h for those from 32 on ("assistance for kernel hackers", which the kernel may change;
the one used here was read on 5.10, 6.1, 6.12 and 7.2).

What they can't tell:
- Under the multi-generational LRU no page has ACTIVE: its generations are in no file of these (mm/vmscan.c keeps them in
  other bits of the page's flags; Documentation/admin-guide/mm/multigen_lru.rst, "Working set estimation", names debugfs).
  Anonymous or file list, and unevictable, it tells there too.
- A page of shared memory that was swapped out reads as absent: its page table entry is cleared (pagemap.rst, "Exceptions
  for Shared Memory"). How much of it is in swap, smaps tells.
- KSM: kernels from 6.10 on set it for every anonymous page (measured on 6.12; gone on 7.2), so there is no such state.
- DIRTY is the page's flag. A write through a mapping stands in the page table's entry until the kernel carries it over.
- A page on its way to a list lies in a processor's batch, without LRU: `lab.drain_lru()` first.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from probes._native import ffi, lib

from harness.errors import LabError

ENTRY_SIZE: int = ffi.sizeof("struct page")  # bytes that probes/wire.h says of one page

FRAME = (1 << 55) - 1
PRESENT, SWAPPED, FILE_OR_SHMEM, EXCLUSIVE, SOFT_DIRTY = (1 << bit for bit in (63, 62, 61, 56, 55))
(
    LOCKED,
    ERROR,
    REFERENCED,
    UPTODATE,
    DIRTY,
    LRU,
    ACTIVE,
    SLAB,
    WRITEBACK,
    RECLAIM,
    BUDDY,
    MMAP,
    ANON,
    SWAPCACHE,
    SWAPBACKED,
    COMPOUND_HEAD,
    COMPOUND_TAIL,
    HUGE,
    UNEVICTABLE,
    HWPOISON,
    NOPAGE,
    KSM,
    THP,
    OFFLINE,
    ZERO_PAGE,
    IDLE,
    PGTABLE,
) = (1 << bit for bit in range(27))
MLOCKED = 1 << 33


@dataclass(frozen=True)
class State:
    """Which bits of an entry matter, and what they must be."""

    pagemap_mask: int = 0
    pagemap_value: int = 0
    flags_mask: int = 0
    flags_value: int = 0


def present(flags: int, value: int | None = None) -> State:
    """Makes the state of a page that has a frame, whose flags under the mask `flags` are `value` (all set, if none is given)."""
    return State(PRESENT, PRESENT, flags, flags if value is None else value)


# State of a page of a process's range → the bits that say so.
STATES = {
    "resident": State(PRESENT, PRESENT),
    "absent": State(PRESENT | SWAPPED, 0),
    "swapped": State(PRESENT | SWAPPED, SWAPPED),
    "anonymous": present(ANON | ZERO_PAGE, ANON),
    "zero": present(ZERO_PAGE),
    # Page cache that is not shmem is not swap-backed; shmem is swap-backed and not anonymous.
    "file": present(ANON | SWAPBACKED | ZERO_PAGE, 0),
    "shmem": present(ANON | SWAPBACKED, SWAPBACKED),
    "huge": present(HUGE),  # of hugetlbfs
    "thp": present(THP),  # a large folio of any size; before 6.10 only of a huge page's (pagemap.rst)
    "mlocked": present(MLOCKED),
    "on LRU": present(LRU),
    "active": present(ACTIVE),
    "inactive": present(LRU | ACTIVE | UNEVICTABLE, LRU),
    # The five lists (include/linux/mmzone.h, enum lru_list); a page that is not swap-backed is on a file list.
    "active anon": present(LRU | ACTIVE | SWAPBACKED | UNEVICTABLE, LRU | ACTIVE | SWAPBACKED),
    "inactive anon": present(LRU | ACTIVE | SWAPBACKED | UNEVICTABLE, LRU | SWAPBACKED),
    "active file": present(LRU | ACTIVE | SWAPBACKED | UNEVICTABLE, LRU | ACTIVE),
    "inactive file": present(LRU | ACTIVE | SWAPBACKED | UNEVICTABLE, LRU),
    "unevictable": present(UNEVICTABLE),
    "anonymous LRU": present(LRU | SWAPBACKED | UNEVICTABLE, LRU | SWAPBACKED),
    "file LRU": present(LRU | SWAPBACKED | UNEVICTABLE, LRU),
    "dirty": present(DIRTY),
    "writeback": present(WRITEBACK),
    "swap cache": present(SWAPCACHE),
    # Mapped once, or more often (the page of zeros too): bit 56, since 4.2.
    "exclusive": State(PRESENT | EXCLUSIVE, PRESENT | EXCLUSIVE),
    "shared": State(PRESENT | EXCLUSIVE, PRESENT),
}


# States of which each page has exactly one, whatever else it is.
KINDS = ("absent", "swapped", "zero", "anonymous", "shmem", "file")


def check(state: str) -> None:
    """Checks that there is such a state. Raises LabError, with the nearest names, where there is none."""
    if state not in STATES:
        near = difflib.get_close_matches(state, STATES, n=3)
        raise LabError(
            f"page state {state!r}",
            "there is none of that name",
            f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(STATES)}",
        )


def entries_of(data: bytes) -> tuple[Any, int]:
    """Gives the entries (struct page of wire.h) of a range, and how many there are. Raises LabError where one is cut off."""
    if len(data) % ENTRY_SIZE:
        raise LabError("pages of a range", f"the last one is cut off: they have {len(data)} bytes", "run it again")
    return ffi.from_buffer("struct page[]", data), len(data) // ENTRY_SIZE


def count(data: bytes, state: str) -> int:
    """Counts the entries that are in a state. Raises KeyError for an unknown one."""
    bits = STATES[state]
    entries, size = entries_of(data)
    return int(lib.count_pages(entries, size, bits.pagemap_mask, bits.pagemap_value, bits.flags_mask, bits.flags_value))


def count_mapped(data: bytes, times: int) -> int:
    """Counts the entries that have a frame that is mapped `times` times."""
    entries, size = entries_of(data)
    return sum(1 for index in range(size) if entries[index].pagemap & PRESENT and entries[index].mapped == times)


def same_frames(first: bytes, second: bytes) -> int:
    """Counts the pages of two ranges, compared one by one, that are present in the same frame."""
    (one, size), (other, more) = entries_of(first), entries_of(second)
    return int(lib.count_same_frames(one, other, min(size, more)))


def mapped(data: bytes) -> tuple[int, int] | None:
    """Says how often the frames of a range are mapped, in all processes: least and most; None where there is no frame."""
    entries, size = entries_of(data)
    times = [entries[index].mapped for index in range(size) if entries[index].pagemap & PRESENT]
    return (min(times), max(times)) if times else None


def resident(vector: bytes) -> int:
    """Counts the pages of a mincore vector that are resident (bit 0 of each byte)."""
    return vector.translate(_LOWEST_BIT).count(1)


_LOWEST_BIT = bytes(byte & 1 for byte in range(256))  # each byte → its bit 0


def frames(data: bytes) -> set[int]:
    """Gives the numbers of the frames that a range's pages have."""
    entries, size = entries_of(data)
    return {entries[index].pagemap & FRAME for index in range(size) if entries[index].pagemap & PRESENT}
