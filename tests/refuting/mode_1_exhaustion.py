"""oc1-oom-when-exhausted: a page more was still there than page tables and the last pieces explain."""

from tests.refuting.made import Made

AVAILABLE = 16384           # pages
REST = AVAILABLE // 512 + 128


def made(filled: int) -> Made:
    kills = {"before": 0, "after the reference's kill": 1, "asked": 1, "half filled": 1, "filled": 2}
    counters = {moment: {"vmstat:oom_kill": count, "meminfo:MemAvailable": AVAILABLE * 4}
                for moment, count in kills.items()}
    return Made(counters=counters, records={"filled in the box": 4032, "half": AVAILABLE // 2, "filled": filled})


CONFIRMS = {"oc1-oom-when-exhausted": made(AVAILABLE - REST)}
REFUTES = {"oc1-oom-when-exhausted": made(AVAILABLE - REST - 1)}
