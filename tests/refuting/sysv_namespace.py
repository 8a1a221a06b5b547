"""sysv-shm-outlives-namespace: a segment that is left whole, and one that lacks a page."""

from harness.false_evidence.made import Made, cases

ID, SIZE = "sysv-shm-outlives-namespace", 4096


def left(asked: int) -> Made:
    return Made(counters={f"{case}: {moment}": {"meminfo:Shmem": 4 * (100 + pages * (moment == "after"))}
                          for case, pages in cases(ID, asked, SIZE, 0).items() for moment in ("before", "after")})


CONFIRMS = {ID: left(SIZE)}
REFUTES = {ID: left(SIZE - 1)}
