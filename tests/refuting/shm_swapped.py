"""undroppable-shmem-can-swap: a kind of shared memory of which no page went to swap."""

from harness.false_evidence.made import Made

N = 2048
KINDS = ("System V", "POSIX", "anonymous")
GOOD = Made(
    counters={"written": {"vmstat:pswpout": 0}, "dropped": {"vmstat:pswpout": 0},
              "short": {**{f"{kind}/smaps_rollup:Swap": 4 for kind in (*KINDS, "private")},
                        "locked/smaps_rollup:Swap": 0}},
    pages={"dropped": {**dict.fromkeys((*KINDS, "locked"), N), "disk": 0}})

CONFIRMS = {"undroppable-shmem-can-swap": GOOD}
REFUTES = {"undroppable-shmem-can-swap": GOOD.but(counters={"short": {"POSIX/smaps_rollup:Swap": 0}})}
