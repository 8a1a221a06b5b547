"""tmpfs-bounded and ramfs-unbounded: a page above the limit through a mapping; a ramfs that refuses one."""

from harness.false_evidence.made import Made

N, LIMIT = 16384, 2048
SHMEM = {"emptied": N, "mapped": N + LIMIT, "filled 8 MiB": N + 2 * LIMIT, "filled 64 MiB": 2 * N + 2 * LIMIT}
GOOD = Made(counters={moment: {"meminfo:Shmem": 4 * pages} for moment, pages in SHMEM.items()},
            pages={"written": {"tmpfs": LIMIT, "wide": N, "ramfs": N, "disk": N, "small": LIMIT}},
            records={"tmpfs: errno": 28, "wide: errno": 0, "/dev/full: errno": 28})

CONFIRMS = {"tmpfs-bounded": GOOD, "ramfs-unbounded": GOOD}
REFUTES = {"tmpfs-bounded": GOOD.but(counters={"emptied": {"meminfo:Shmem": 4 * (N - 1)}}),
           "ramfs-unbounded": GOOD.but(pages={"written": {"ramfs": N - 1}})}
