"""tmpfs-unreclaimable and …-because-referenced: one page of 8,192 that was freed is enough."""

from harness.false_evidence.made import Made

N = 8192
GOOD = Made(counters={"written": {"vmstat:pswpout": 0}, "dropped": {"vmstat:pswpout": 0}},
            pages={"written": {"tmpfs": N, "disk": N, "locked": N, "read": N},
                   "dropped": {"tmpfs": N, "disk": 0, "locked": N, "read": N}})

CONFIRMS = {"tmpfs-unreclaimable": GOOD, "tmpfs-unreclaimable-because-referenced": GOOD}
REFUTES = {"tmpfs-unreclaimable": GOOD.but(pages={"dropped": {"tmpfs": N - 1}}),
           "tmpfs-unreclaimable-because-referenced": GOOD.but(pages={"dropped": {"read": N - 1}})}
