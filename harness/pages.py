"""The page microscope: what each page of a range is, from pagemap, kpageflags, kpagecount and mincore. Pure.

Bits of pagemap: Documentation/admin-guide/mm/pagemap.rst; of kpageflags: include/uapi/linux/kernel-page-flags.h.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes._native import ffi, lib

PAGE_SIZE = ffi.sizeof("struct page")

FRAME = (1 << 55) - 1
PRESENT, SWAPPED, FILE_OR_SHMEM, EXCLUSIVE, SOFT_DIRTY = (1 << bit for bit in (63, 62, 61, 56, 55))
(LOCKED, ERROR, REFERENCED, UPTODATE, DIRTY, LRU, ACTIVE, SLAB, WRITEBACK, RECLAIM, BUDDY, MMAP, ANON, SWAPCACHE,
 SWAPBACKED, COMPOUND_HEAD, COMPOUND_TAIL, HUGE, UNEVICTABLE, HWPOISON, NOPAGE, KSM, THP, OFFLINE, ZERO_PAGE,
 IDLE, PGTABLE) = (1 << bit for bit in range(27))


@dataclass(frozen=True)
class State:
    """Which bits of an entry matter, and what they must be."""

    pagemap_mask: int = 0
    pagemap_value: int = 0
    flags_mask: int = 0
    flags_value: int = 0


def present(flags: int, value: int | None = None) -> State:
    """A page that has a frame, whose flags under the mask `flags` are `value` (all set, if none is given)."""
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
    "huge": present(HUGE),
    "thp": present(THP),
    "unevictable": present(UNEVICTABLE),
    "on LRU": present(LRU),
    "active": present(ACTIVE),
    "inactive": present(LRU | ACTIVE | UNEVICTABLE, LRU),
    "dirty": present(DIRTY),
    "swap cache": present(SWAPCACHE),
    "ksm": present(KSM),
    "anonymous LRU": present(LRU | SWAPBACKED | UNEVICTABLE, LRU | SWAPBACKED),
    "file LRU": present(LRU | SWAPBACKED | UNEVICTABLE, LRU),
    "exclusive": State(PRESENT | EXCLUSIVE, PRESENT | EXCLUSIVE),
}


def count(data: bytes, state: str) -> int:
    """How many entries (struct page of wire.h) are in a state. Raises KeyError for an unknown one."""
    bits = STATES[state]
    entries = ffi.from_buffer("struct page[]", data)
    return int(lib.count_pages(entries, len(data) // PAGE_SIZE, bits.pagemap_mask, bits.pagemap_value,
                               bits.flags_mask, bits.flags_value))


def count_mapped(data: bytes, times: int) -> int:
    """How many entries have a frame that is mapped `times` times."""
    entries = ffi.from_buffer("struct page[]", data)
    return sum(1 for index in range(len(data) // PAGE_SIZE)
               if entries[index].pagemap & PRESENT and entries[index].mapped == times)


def same_frames(first: bytes, second: bytes) -> int:
    """How many pages of two ranges, compared one by one, are present in the same frame."""
    size = min(len(first), len(second)) // PAGE_SIZE
    return int(lib.count_same_frames(ffi.from_buffer("struct page[]", first),
                                     ffi.from_buffer("struct page[]", second), size))


def resident(vector: bytes) -> int:
    """How many pages of a mincore vector are resident (bit 0 of each byte)."""
    return sum(vector.count(byte) for byte in set(vector) if byte & 1)


def frames(data: bytes) -> set[int]:
    """The numbers of the frames that a range's pages have."""
    entries = ffi.from_buffer("struct page[]", data)
    return {entries[index].pagemap & FRAME for index in range(len(data) // PAGE_SIZE)
            if entries[index].pagemap & PRESENT}
