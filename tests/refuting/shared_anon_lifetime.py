"""Shared anonymous memory of which one page went with its processes."""

from harness.false_evidence.made import Made

N = 2048
BASE = {"tmpfs file": 0, "unlinked tmpfs file": N, "shared anonymous mapping": N}       # the tmpfs file stays


def trial(left: int) -> Made:
    after = {"tmpfs file": N, "unlinked tmpfs file": 0, "shared anonymous mapping": left}
    return Made(counters={f"{kind}: {moment}": {"meminfo:Shmem": 4 * (base + grown)} for kind, base in BASE.items()
                          for moment, grown in (("before", 0), ("parent gone", N), ("both gone", after[kind]))})


CONFIRMS = {"shared-anon-survives-exit": trial(N)}
REFUTES = {"shared-anon-survives-exit": trial(N - 1)}
