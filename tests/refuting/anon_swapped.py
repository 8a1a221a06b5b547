"""anon-swapped-out-and-in: one page lost its content."""

from harness.false_evidence.made import Made

SIZE, MOVED = 4096, 3072

GOOD = Made(
    counters={"before": {"vmstat:pswpout": 0}, "file squeezed": {"vmstat:pswpout": 0},
              "squeezed": {"vmstat:pswpout": MOVED + 60}, "filled again": {"vmstat:pswpout": MOVED + 60},
              "paged out": {"vmstat:pswpout": MOVED + 60 + SIZE}},
    pages={"before": {"anon": {"anonymous": SIZE}, "file": {"file": SIZE}},
           "squeezed": {"anon": {"swapped": MOVED + 50, "anonymous": SIZE - MOVED - 50}, "file": {"absent": SIZE},
                        "kept": {"anonymous": SIZE}},
           "paged out": {"anon": {"swapped": SIZE}}},
    records={"faults: check": MOVED + 50, "faults: first fill": SIZE, "faults: resident": 0,
             "intact": SIZE, "intact, never moved": SIZE, "intact, thrown away": 0})

CONFIRMS = {"anon-swapped-out-and-in": GOOD}
REFUTES = {"anon-swapped-out-and-in": GOOD.but(records={"intact": SIZE - 1})}
