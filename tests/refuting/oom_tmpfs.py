"""A full tmpfs: a panic before anything could be started, and one program of ten that could be."""

from harness.false_evidence.made import Made

STARTS = 10


def kills(number: int) -> dict[str, dict[str, int]]:
    return {"before": {"vmstat:oom_kill": 0}, "after": {"vmstat:oom_kill": number}}


def started(number: int, killed: int = 5) -> Made:
    """So many programs were started, the others not for want of memory."""
    return Made(counters=kills(killed), records={"panicked": 0},
                outcomes={f"start {start}": 0 if start < number else 12 for start in range(STARTS)})


PANIC = Made(counters={"before": {"vmstat:oom_kill": 0}}, records={"panicked": 1})
ONE_BEFORE = Made(counters=kills(5), records={"panicked": 1}, outcomes={"start 0": 0})


def made(oversized: Made, large: Made) -> Made:
    return Made(arms={"oversized": oversized, "large": large, "half": started(STARTS, killed=0), "immune": PANIC})


CONFIRMS = {"oom-tmpfs-deadlock": made(started(0), started(STARTS)), "oom-tmpfs-deadlock-large-writer": made(PANIC, started(0))}
REFUTES = {"oom-tmpfs-deadlock": made(ONE_BEFORE, started(STARTS)), "oom-tmpfs-deadlock-large-writer": made(PANIC, started(1))}
