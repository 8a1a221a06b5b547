"""kswapd-periodic: one wake in all the time."""

from harness.false_evidence.made import Made

GOOD = Made(counters={"start": {"vmstat:pgscan_kswapd": 0}, "end": {"vmstat:pgscan_kswapd": 0}},
            records={"wakes of kswapd": 2, "wakes of regular": 10, "wakes of sleeper": 0})

CONFIRMS = {"kswapd-periodic": GOOD}
REFUTES = {"kswapd-periodic": GOOD.but(records={"wakes of kswapd": 1})}
