"""oc1-oom-when-exhausted: no kill, or one while a tenth and more was still there."""

from tests.refuting.made import Made

MIB = 256           # pages
GOOD = Made(
    counters={"before": {"vmstat:oom_kill": 0}, "after the reference's kill": {"vmstat:oom_kill": 1},
              "asked": {"vmstat:oom_kill": 1, "meminfo:MemAvailable": 68 * 1024, "meminfo:SwapFree": 32 * 1024},
              "half filled": {"vmstat:oom_kill": 1}, "filled": {"vmstat:oom_kill": 2}},
    records={"filled in the box": 4064, "half": 50 * MIB, "filled": 104 * MIB})

CONFIRMS = {"oc1-oom-when-exhausted": GOOD}
REFUTES = {"oc1-oom-when-exhausted": GOOD.but(records={"filled": 88 * MIB})}
