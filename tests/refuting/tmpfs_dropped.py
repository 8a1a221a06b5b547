"""tmpfs-unreclaimable: one page of 16,384 that was freed is enough."""

from tests.refuting.made import Made

GOOD = Made(counters={"written": {"vmstat:pswpout": 0}, "dropped": {"vmstat:pswpout": 0}},
            pages={"written": {"tmpfs": 16384, "disk": 16384, "locked": 16384},
                   "dropped": {"tmpfs": 16384, "disk": 0, "locked": 16384}})

CONFIRMS = {"tmpfs-unreclaimable": GOOD}
REFUTES = {"tmpfs-unreclaimable": GOOD.but(pages={"dropped": {"tmpfs": 16383}})}
