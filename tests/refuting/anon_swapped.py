"""anon-swapped-out-and-in: one page lost its content; mlock-never-swapped: one page in swap."""

from tests.refuting.made import Made

SIZE, LOCKED, MOVED = 8192, 2048, 6144
ANON = {"swapped": MOVED + 50, "anonymous": SIZE - MOVED - 50}
STAY = {"resident": LOCKED}
REGIONS = {"anon": ANON, "locked": STAY, "ramfs": STAY, "file": {"absent": SIZE}}

GOOD = Made(
    counters={"before": {"vmstat:pswpout": 0}, "file squeezed": {"vmstat:pswpout": 0},
              "squeezed": {"vmstat:pswpout": MOVED + 60}, "filled again": {"vmstat:pswpout": MOVED + 60},
              "paged out": {"vmstat:pswpout": MOVED + 60 + SIZE}},
    pages={"before": {"anon": {"anonymous": SIZE}}, "squeezed": REGIONS, "out of memory": REGIONS,
           "paged out": {"anon": {"swapped": SIZE}}},
    records={"killed": 1, "faults: check": MOVED + 50, "faults: first fill": SIZE, "faults: resident": 0,
             "intact": SIZE, "intact, never moved": SIZE, "intact, thrown away": 0})

CONFIRMS = {"anon-swapped-out-and-in": GOOD, "mlock-never-swapped": GOOD}
REFUTES = {"anon-swapped-out-and-in": GOOD.but(records={"intact": SIZE - 1}),
           "mlock-never-swapped": GOOD.but(pages={"out of memory": {"locked": {"resident": LOCKED - 1, "swapped": 1}}})}
