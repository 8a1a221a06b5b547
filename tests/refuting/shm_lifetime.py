"""What outlives its processes: a page of a segment that is gone, one that is lost."""

from harness.false_evidence.made import Made

N = 2048
USED = {"file": (N, N), "unlinked": (0, 0), "System V": (N, 0), "POSIX": (N, 0)}


def moments() -> dict[str, dict[str, int]]:
    found, base = {}, 0
    for kind, (exited, removed) in USED.items():
        for moment, grown in (("before", 0), ("exited", exited), ("removed", removed)):
            found[f"{kind}: {moment}"] = {"meminfo:Shmem": 4 * (base + grown)}
        base += removed
    return found


GOOD = Made(counters=moments(), records={"file: content": N, "unlinked: content": 0, "System V: content": N,
                                         "POSIX: content": N})
GONE = {"meminfo:Shmem": 4 * (2 * N - 1)}       # the file's pages and all but one of N

CONFIRMS = {"sysv-shm-survives-exit": GOOD, "posix-shm-survives-exit": GOOD}
REFUTES = {"sysv-shm-survives-exit": GOOD.but(counters={"System V: exited": GONE}),
           "posix-shm-survives-exit": GOOD.but(records={"POSIX: content": N - 1})}
