"""Each claim about a file's cache: one page of 2,048 that stays, or that goes."""

from harness.false_evidence.made import Made

N = 2048
KEPT = {"tmpfs": N, "clean": 0, "read": 0, "device": 0, "dirty": N, "open": N, "truncated": 0}

GOOD = Made(
    counters={"before": {"vmstat:pswpout": 0, "vmstat:nr_dirty": N}, "synced and dropped": {"vmstat:pswpout": 0}},
    pages={"before": {**KEPT, "clean": N, "read": N, "device": N}, "dropped": KEPT,
           "synced and dropped": {**KEPT, "dirty": 0}})

CONFIRMS = dict.fromkeys(("drop1-frees-pagecache", "drop-keeps-dirty", "drop-keeps-open"), GOOD)
REFUTES = {"drop1-frees-pagecache": GOOD.but(pages={"dropped": {"read": 1}}),
           "drop-keeps-dirty": GOOD.but(pages={"synced and dropped": {"dirty": 1}}),
           "drop-keeps-open": GOOD.but(pages={"dropped": {"open": N - 1}})}
