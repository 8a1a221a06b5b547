"""Shared memory of three kinds: one page of 2,048 that was freed is enough."""

from harness.false_evidence.made import Made

N = 2048
KINDS = {"sysv-shm-unreclaimable": "System V", "posix-shm-unreclaimable": "POSIX",
         "shared-anon-unreclaimable": "anonymous"}
ALL = {"System V": N, "POSIX": N, "anonymous": N, "disk": N, "locked": N}
GOOD = Made(counters={"written": {"vmstat:pswpout": 0}, "dropped": {"vmstat:pswpout": 0}},
            pages={"written": ALL, "dropped": {**ALL, "disk": 0}})

CONFIRMS = dict.fromkeys(KINDS, GOOD)
REFUTES = {claim: GOOD.but(pages={"dropped": {kind: N - 1}}) for claim, kind in KINDS.items()}
