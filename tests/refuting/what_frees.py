"""What gives memory back: a page or a frame that stays, and a fall of VmRSS just past what it may be off."""

from harness.false_evidence.made import Made, cases

ALL, OFF, SMALL, KIB_A_PAGE, FULL = 4096, 64, 256, 4, 100_000


def fallen(name: str, counter: str, asked: int) -> Made:
    """Evidence of falls in pages."""
    found = {}
    for case, fall in cases(name, asked, ALL, 0).items():
        counter_of = f"{case}{counter}" if counter.startswith("/") else counter
        found[f"{case} before"] = {counter_of: FULL}
        found[f"{case} after"] = {counter_of: FULL - KIB_A_PAGE * fall}
    return Made(counters=found)


RSS, NO_SWAP = ("madv-free-drops-rss", "mprotect-none-frees"), "madv-free-swapless-instant"
SHMEM, UNMAPPED, REMOVED = "madv-dontneed-shmem-frees", "munmap-frees-at-once", "madv-remove-frees-shmem"


def without_swap(asked: int) -> Made:
    return fallen(NO_SWAP, "/status:VmRSS", asked).but(counters={f"{NO_SWAP}.asked before": {"swaps:areas": 0}})


def removed(given_back: int, zeros: int) -> Made:
    return fallen(f"{REMOVED}.given back", "meminfo:Shmem", given_back).but(records=cases(f"{REMOVED}.zeros", zeros, SMALL, 0))


CONFIRMS = {**{claim: fallen(claim, "/status:VmRSS", ALL - OFF) for claim in RSS}, SHMEM: fallen(SHMEM, "meminfo:Shmem", ALL),
            NO_SWAP: without_swap(ALL - OFF),
            UNMAPPED: Made(records=cases(UNMAPPED, ALL, ALL, 0)), REMOVED: removed(ALL, SMALL)}
REFUTES = {**{claim: fallen(claim, "/status:VmRSS", OFF) for claim in RSS}, SHMEM: fallen(SHMEM, "meminfo:Shmem", ALL - 1),
           NO_SWAP: without_swap(OFF),
           UNMAPPED: Made(records=cases(UNMAPPED, ALL - 1, ALL, 0)), REMOVED: removed(ALL, SMALL - 1)}
