"""swap-storm-pressure, swap-storm-some-pressure: 20 % and no more; swap-storm-stalls-others: not quite ten times."""

from harness.false_evidence.made import Made

BEFORE = 100_000        # ns
ALONE, COMPUTING, WAKING = "nothing else", "a task that computes", "a task that wakes"


def pressure(*hundredths: int, full: int | None = None) -> list[str]:
    """full: where it is another share than some."""
    return [f"some avg10={one / 100:.2f} avg60=9.00 avg300=2.00 total=9\n"
            f"full avg10={(one if full is None else full) / 100:.2f} avg60=5.00 avg300=1.00 total=9\n" for one in hundredths]


def storm(high: int) -> dict[str, object]:
    """As many late wakes as leave the 99th percentile late, were all of the 2,000 in time that are left."""
    return {"storm": [high] * 21, "wakes left": 2000}


def latencies(high: int) -> list[int]:
    """A hundred, of which the 99th is this, and the last one longer."""
    return [high] * 99 + [10 * high]


ARM = Made(at={"quiet": 0, "storm": 34_000_000_000},
           counters={"quiet": {"vmstat:pswpin": 0, "vmstat:pswpout": 0},
                     "storm": {"vmstat:pswpin": 40_000, "vmstat:pswpout": 90_000}},
           records={"task and demand live on": 1, "pressure within": pressure(0, 12),
                    "pressure in the storm": pressure(0, 2001, 1500), "pressure in the group": pressure(500, 4000)})
GOOD = Made(arms={
    ALONE: ARM,
    COMPUTING: ARM.but(records={"pressure in the storm": pressure(0, 2001, full=1600)}),
    WAKING: ARM.but(records={"before": [one for one in latencies(BEFORE) for _ in range(2)],
                             "stopped": latencies(1000 * BEFORE), **storm(10 * BEFORE)})})

CONFIRMS = {"swap-storm-pressure": GOOD, "swap-storm-some-pressure": GOOD, "swap-storm-stalls-others": GOOD}
REFUTES = {
    "swap-storm-pressure": GOOD.in_arm(ALONE, records={"pressure in the storm": pressure(0, 2001, full=2000)}),
    "swap-storm-some-pressure": GOOD.in_arm(COMPUTING, records={"pressure in the storm": pressure(0, 2000, full=1600)}),
    "swap-storm-stalls-others": GOOD.in_arm(WAKING, records=storm(10 * BEFORE - 1000))}
