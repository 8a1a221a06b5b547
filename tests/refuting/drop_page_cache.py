"""Each claim about a file's cache: one page of 4,096 that stays, or that goes."""

from tests.refuting.made import Made

N = 4096
KEPT = {"tmpfs": N, "clean": 0, "read": 0, "device": 0, "dirty": N, "mapped": N, "untouched": 0, "open": N,
        "truncated": 0}
ALL = {**KEPT, "clean": N, "read": N, "device": N, "untouched": N}

GOOD = Made(
    counters={"before": {"vmstat:pswpout": 0, "vmstat:nr_dirty": N}, "exited and dropped": {"vmstat:pswpout": 0}},
    pages={"before": {**ALL, "page tables": {"file": N}, "not in page tables": {"absent": N}},
           "dropped": KEPT, "synced and dropped": {**KEPT, "dirty": 0}, "exited": {**KEPT, "dirty": 0},
           "exited and dropped": {**KEPT, "dirty": 0, "mapped": 0}})

CONFIRMS = dict.fromkeys(("drop1-frees-pagecache", "drop-keeps-dirty", "drop-keeps-mapped", "drop-keeps-open",
                          "drop-after-exit"), GOOD)
REFUTES = {"drop1-frees-pagecache": GOOD.but(pages={"dropped": {"read": 1}}),
           "drop-keeps-dirty": GOOD.but(pages={"synced and dropped": {"dirty": 1}}),
           "drop-keeps-mapped": GOOD.but(pages={"dropped": {"mapped": N - 1}}),
           "drop-keeps-open": GOOD.but(pages={"dropped": {"open": N - 1}}),
           "drop-after-exit": GOOD.but(pages={"exited and dropped": {"mapped": 1}})}
