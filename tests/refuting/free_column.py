"""free-buff-cache: one KiB off. free-columns-add-up: four."""

from harness.false_evidence.made import Made

MEMINFO = "MemTotal: 1000 kB\nBuffers: 10 kB\nCached: 200 kB\nShmem: 40 kB\nSReclaimable: 5 kB\n"


def free(cache: int, used: int = 300) -> str:
    return ("               total        used        free      shared  buff/cache   available\n"
            f"Mem:            1000         {used}         485          40         {cache}         600\n"
            "Swap:              0           0           0\n")


GOOD = Made(records={"meminfo": MEMINFO, "free": free(215), "version": "free from procps-ng 4.0.2\n"})

CONFIRMS = {"free-buff-cache": GOOD, "free-columns-add-up": GOOD.but(records={"free": free(215, 303)})}
REFUTES = {"free-buff-cache": GOOD.but(records={"free": free(214)}),
           "free-columns-add-up": GOOD.but(records={"free": free(215, 304)})}
