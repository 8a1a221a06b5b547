"""Page cache in page tables: one page of 2,048 that goes; one that stays after the exit."""

from harness.false_evidence.made import Made

N = 2048
ALL = {"mapped": N, "untouched": N, "tmpfs": N}

GOOD = Made(
    counters={"before": {"vmstat:pswpout": 0}, "exited and dropped": {"vmstat:pswpout": 0}},
    pages={"before": {**ALL, "page tables": {"file": N}, "not in page tables": {"absent": N}},
           "dropped": {**ALL, "untouched": 0}, "exited": {**ALL, "untouched": 0},
           "exited and dropped": {"mapped": 0, "untouched": 0, "tmpfs": N}})

CONFIRMS = dict.fromkeys(("drop-keeps-mapped", "drop-after-exit"), GOOD)
REFUTES = {"drop-keeps-mapped": GOOD.but(pages={"dropped": {"mapped": N - 1}}),
           "drop-after-exit": GOOD.but(pages={"exited and dropped": {"mapped": 1}})}
