"""shared-anon-on-anon-lru: one page of 4,096 on another list."""

from experiments.reclaim.shared_anon_lru import SHARED
from harness.false_evidence.made import Made

N = 2048
ON, OFF = {"anonymous LRU": N}, {"file LRU": N}

GOOD = Made(counters={"filled": {"vmstat:pswpout": 0}, "squeezed": {"vmstat:pswpout": 0}},
            pages={moment: {**dict.fromkeys(SHARED, ON), "private anonymous memory": ON,
                            "a mapped disk file": OFF if moment == "filled" else {"absent": N}}
                   for moment in ("filled", "squeezed")})

CONFIRMS = {"shared-anon-on-anon-lru": GOOD}
REFUTES = {"shared-anon-on-anon-lru": GOOD.but(
    pages={"filled": {SHARED[1]: {"anonymous LRU": N - 1, "file LRU": 1}}})}
