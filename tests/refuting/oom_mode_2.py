"""oom-mode2-impossible: no kill of either kind, and one."""

from harness.false_evidence.made import Made, cases

NAME = "oom-mode2-impossible"


def killed(ramfs: int, granted: int) -> Made:
    found: dict[str, dict[str, int]] = {}
    for kind, asked in (("ramfs", ramfs), ("granted", granted)):
        for at, number in cases(f"{NAME}.{kind}", asked, 0, 1).items():
            found |= {f"{at}: before": {"vmstat:oom_kill": 3}, at: {"vmstat:oom_kill": 3 + number}}
    return Made(counters=found)


CONFIRMS = {NAME: killed(0, 0)}
REFUTES = {NAME: killed(0, 1)}
