"""swap-storm-pressure: 20 % and no more; swap-storm-stalls-others: not quite ten times."""

from harness.false_evidence.made import Made

BEFORE = 100_000        # ns


def pressure(*hundredths: int) -> list[str]:
    return [f"some avg10=50.00 avg60=9.00 avg300=2.00 total=9\nfull avg10={one / 100:.2f} avg60=5.00 avg300=1.00 total=9\n"
            for one in hundredths]


def latencies(high: int) -> list[int]:
    """A hundred, of which the 99th is this, and the last one longer."""
    return [high] * 99 + [10 * high]


GOOD = Made(at={"quiet": 0, "storm": 34_000_000_000},
            counters={"quiet": {"vmstat:pswpin": 0, "vmstat:pswpout": 0},
                      "storm": {"vmstat:pswpin": 40_000, "vmstat:pswpout": 90_000}},
            records={"task and demand live on": 1, "before": [one for one in latencies(BEFORE) for _ in range(2)],
                     "stopped": latencies(1000 * BEFORE),
                     "storm": latencies(10 * BEFORE), "pressure before": pressure(0),
                     "pressure in the storm": pressure(0, 2001, 1500), "pressure in the group": pressure(500, 4000)})

CONFIRMS = {"swap-storm-pressure": GOOD, "swap-storm-stalls-others": GOOD}
REFUTES = {"swap-storm-pressure": GOOD.but(records={"pressure in the storm": pressure(0, 2000, 1500)}),
           "swap-storm-stalls-others": GOOD.but(records={"storm": latencies(10 * BEFORE - 1000)})}
