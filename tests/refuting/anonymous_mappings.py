"""private-anon-not-cached and shared-anon-in-cache: one page of 8,192 in the other kind of memory."""

from harness.false_evidence.made import Made

PAGES, KIB = 8192, 32768
ANON, SHMEM = {"anonymous": PAGES}, {"shmem": PAGES}


def counted(cached: int, anon: int) -> dict[str, int]:
    """So many mappings in each."""
    return {"meminfo:Cached": cached * KIB, "meminfo:Shmem": cached * KIB, "meminfo:AnonPages": anon * KIB}


GOOD = Made(counters={"warm": counted(0, 0), "private": counted(0, 1), "shared": counted(1, 1), "heap": counted(1, 2),
                      "file made": counted(1, 2), "tmpfs": counted(2, 2)},
            pages={"private": {"memory": ANON}, "shared": {"memory": SHMEM}, "heap": {"memory": ANON},
                   "tmpfs": {"memory": SHMEM}})

CONFIRMS = {"private-anon-not-cached": GOOD, "shared-anon-in-cache": GOOD}
REFUTES = {
    "private-anon-not-cached": GOOD.but(pages={"private": {"memory": {"anonymous": PAGES - 1, "shmem": 1}}}),
    "shared-anon-in-cache": GOOD.but(pages={"shared": {"memory": {"anonymous": 1, "shmem": PAGES - 1}}})}
