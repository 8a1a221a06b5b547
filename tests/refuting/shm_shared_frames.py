"""posix-shm-same-pages: one page of which a process has its own."""

from harness.false_evidence.made import Made

N = 2048
ALL, NONE = {"shmem": N}, {"absent": N}

GOOD = Made(pages={"mapped": {"first: shared": ALL, "second: shared": ALL, "parent": ALL, "child": ALL,
                              "first: copied": {"anonymous": N}, "second: copied": NONE}})

CONFIRMS = {"posix-shm-same-pages": GOOD}
REFUTES = {"posix-shm-same-pages": GOOD.but(
    pages={"mapped": {"second: shared": {"shmem": N - 1, "absent": 1}}})}
