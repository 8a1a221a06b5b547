"""memcg-events-hierarchical: no kill counted above, or one."""

from harness.false_evidence.made import Made, cases

NAME = "memcg-events-hierarchical"


def counted(kills: int) -> Made:
    return Made(counters={at: {f"{at}/memory.events:oom_kill": value} for at, value in cases(NAME, kills, 1, 0).items()})


CONFIRMS = {NAME: counted(1)}
REFUTES = {NAME: counted(0)}
