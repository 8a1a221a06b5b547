"""A writer to a slow disk in a group: one kill, or none."""

from harness.false_evidence.made import Made, cases

WRITE = "memcg-slow-write-ooms"


def killed(asked: int) -> Made:
    """So many were killed when the limit was reached; one and none in the two other cases."""
    return Made(counters={at: {f"{at}/memory.events:oom_kill": value, f"{at}/memory.events:max": 4}
                          for at, value in cases(WRITE, asked, 1, 0).items()})


CONFIRMS = {WRITE: killed(1)}
REFUTES = {WRITE: killed(0)}
