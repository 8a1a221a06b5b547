"""Pages of files: one page more than was asked for, one that is left or goes, one sector, a file of which a page stays."""

from harness.false_evidence.made import Made, cases

ALL, AHEAD, SECTORS, FULL, KIB_A_PAGE = 256, 32, 2048, 100_000, 4
READ_4K, READAHEAD, PARTIAL, LEAVES = "cache-4k-read-4k", "cache-readahead-128k", "cache-fadvise-partial", "cache-odirect-leaves"
UNLINK, DELETED, PART, MAPPED = ("cache-unlink-drops", "cache-deleted-dirty-unwritten", "cache-partial-write-reads",
                                 "dirty-mmap-unseen")
NONE_LEFT = ("cache-fadvise-dontneed", "cache-fadvise-dirty", "cache-fsync-frees", "cache-odirect-no-cache",
             "cache-hole-no-memory")


def cached(name: str, asked: int, true: int, false: int) -> Made:
    return Made(pages={at: {at: number} for at, number in cases(name, asked, true, false).items()})


def loaded(middle: int) -> Made:
    return Made(pages={at: {at: number} for key, asked in (("start", 1), ("middle", middle))
                       for at, number in cases(f"{READ_4K}.{key}", asked, 1, 16).items()})


def grown(name: str, counter: str, asked: int, true: int, false: int) -> Made:
    """Evidence of growth in pages."""
    found = {}
    for at, growth in cases(name, asked, true, false).items():
        found[f"{at} before"] = {counter: FULL}
        found[f"{at} after"] = {counter: FULL + KIB_A_PAGE * growth}
    return Made(counters=found)


def deleted(sectors: int) -> Made:
    return Made(records=cases(DELETED, sectors, 100, SECTORS + 100))


def sectors(whole: int) -> Made:
    return Made(records={**cases(f"{PART}.whole", whole, 0, 8), **cases(f"{PART}.part", 8, 8, 0)})


CONFIRMS = {**{claim: cached(claim, 0, 0, ALL) for claim in NONE_LEFT}, READ_4K: loaded(1),
            READAHEAD: Made(records=cases(READAHEAD, AHEAD, 0, 100)), PARTIAL: cached(PARTIAL, ALL - 1, 0, ALL),
            LEAVES: cached(LEAVES, ALL, ALL, 0), UNLINK: grown(UNLINK, "meminfo:Cached", -ALL, -ALL, 0),
            DELETED: deleted(SECTORS // 4), PART: sectors(0), MAPPED: grown(MAPPED, "meminfo:Dirty", ALL // 4, 0, ALL)}
REFUTES = {**{claim: cached(claim, 1, 0, ALL) for claim in NONE_LEFT}, READ_4K: loaded(2),
           READAHEAD: Made(records=cases(READAHEAD, AHEAD + 1, 0, 100)), PARTIAL: cached(PARTIAL, ALL, 0, ALL),
           LEAVES: cached(LEAVES, ALL - 1, ALL, 0), UNLINK: grown(UNLINK, "meminfo:Cached", 1 - ALL, -ALL, 0),
           DELETED: deleted(SECTORS), PART: sectors(8), MAPPED: grown(MAPPED, "meminfo:Dirty", ALL, 0, ALL)}
