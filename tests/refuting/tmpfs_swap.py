"""tmpfs-swaps and ramfs-never-swaps: a tmpfs file of which nothing went to swap, a ramfs page that is gone."""

from harness.false_evidence.made import Made

N = 2048
ALL = {"tmpfs": N, "locked": N, "ramfs": N}
GOOD = Made(
    counters={"short": {"tmpfs/smaps_rollup:Swap": 4, "locked/smaps_rollup:Swap": 0, "private/smaps_rollup:Swap": 4}},
    pages={"written": ALL, "short": {**ALL, "tmpfs": N - 1}, "squeezed": {**ALL, "tmpfs": 0}})

CONFIRMS = {"tmpfs-swaps": GOOD, "ramfs-never-swaps": GOOD}
REFUTES = {"tmpfs-swaps": GOOD.but(counters={"short": {"tmpfs/smaps_rollup:Swap": 0}}),
           "ramfs-never-swaps": GOOD.but(pages={"squeezed": {"ramfs": N - 1}})}
