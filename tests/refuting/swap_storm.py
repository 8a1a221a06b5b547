"""swap-storm-pressure: 20 % and no more; swap-storm-stalls-others: not quite ten times."""

from tests.refuting.made import Made


def pressure(hundredths: int) -> str:
    return f"some avg10=50.00 avg60=9.00 avg300=2.00 total=9\nfull avg10={hundredths / 100:.2f} avg60=5.00 avg300=1.00 total=9\n"


GOOD = Made(counters={"quiet": {"vmstat:pswpout": 0}, "storm": {"vmstat:pswpout": 90_000}},
            texts={"quiet": {"pressure.memory": pressure(0)}, "storm": {"pressure.memory": pressure(2001)},
                   "thrashing": {"box/memory.pressure": pressure(9000)}},
            records={"before": 100_000, "before, again": 110_000, "stopped": 490_000_000, "storm": 1_000_000})

CONFIRMS = {"swap-storm-pressure": GOOD, "swap-storm-stalls-others": GOOD}
REFUTES = {"swap-storm-pressure": GOOD.but(texts={"storm": {"pressure.memory": pressure(2000)}}),
           "swap-storm-stalls-others": GOOD.but(records={"storm": 999_000})}
